// The workerd processes that miniflare starts for us, and does not tell of.

import { killWithUs, run } from '../../../scripts/parts/processes.mjs'

/** Those of this process that are alive. Called before one is started it says whether they can be found at all. */
export async function workerds() {
  const { code, stdout, output } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat=,comm='])
  // With an empty list a Worker could be neither killed nor taken along by a test that is killed: tests would hang.
  if (code !== 0) throw new Error(`\`ps\`, which finds the Worker's process, does not run here (Debian has it in procps): ${output}`)
  const processes = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  const isOurs = ([, parent, state, name]) => Number(parent) === process.pid && !state.startsWith('Z') && name.endsWith('workerd')
  return processes.filter(isOurs).map(([pid]) => Number(pid))
}

/** workerd does not notice when its parent is killed. Returns what to call when it has ended. */
export function killWithUsAll(pids) {
  const forget = pids.map((pid) => killWithUs(pid))
  return () => forget.forEach((call) => call())
}
