// `kill -9` of workerd under load, 100 times (or as often as the argument says), on a database on disk: each webhook that
// was answered 200 has to be there afterwards.

import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { buildDevstack } from './parts/devstack.mjs'
import { wranglerNode } from './parts/node.mjs'
import { runHere } from './parts/processes.mjs'
import { main, step, Stop } from './parts/steps.mjs'
import { setupBuild } from './setup.mjs'

await main(import.meta.url, async () => {
  const kills = Number(process.argv[2] ?? 100)
  if (!(kills > 0)) throw new Stop('How many times? A number above 0.', { remedy: 'node scripts/kill-workerd.mjs 100' })
  if (wranglerNode() !== process.execPath) {
    process.exitCode = await runHere(wranglerNode(), [fileURLToPath(import.meta.url), String(kills)])
    return
  }
  await setupBuild()
  await step('devstack', buildDevstack)
  await step('Worker', build)
  const { killUnderLoad } = await import('../tests/e2e/harness/crash.mjs')
  const began = performance.now()
  let figures
  await step(`kill -9, ${kills} times`, async (say) => {
    figures = await killUnderLoad(kills, say)
  })
  const { acknowledged, streams, broken, again, lost } = figures
  console.log(`${figures.kills} kills in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  console.log(`${acknowledged} events answered 200 and ${streams} streams answered 201: all there, each once and whole`)
  console.log(`${broken} requests broke off, ${again} tries were repeated, ${lost} events went unanswered through all five tries`)
})
