// Starting the Workers that are compared: each with a workerd, a database and a devstack of its own, in the same way.

import { start } from '../../tests/e2e/harness/harness.mjs'
import { workerds } from '../../tests/e2e/harness/workerds.mjs'
import { bundles } from './bundles.mjs'
import { furnish } from './operations.mjs'
import { closeConnections } from './requests.mjs'

const open = new Set()
export const stopAtEnd = (what) => open.add(what)

/** `{side, stage, pids}`: `pids` are of its own workerd. `around`: see the harness. */
export async function startSide(side, { around, furnished = true } = {}) {
  const others = await workerds()
  const stage = await start({ bundle: bundles[side].folder, around })
  stopAtEnd(stage)
  const pids = (await workerds()).filter((pid) => !others.includes(pid))
  if (pids.length === 0) throw new Error(`the workerd of ${side} is not to be found`)
  if (furnished) await furnish(stage)
  return { side, stage, pids }
}

/** Whatever was started ends, whether or not all goes well. */
export async function stopAll() {
  closeConnections()
  const all = [...open]
  open.clear()
  await Promise.allSettled(all.map((one) => one.stop()))
}
