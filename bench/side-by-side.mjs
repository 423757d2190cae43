// Side by side with the peer: `npm run bench`.
//
// The peer (bench/peer/) is a Worker in plain JavaScript made of LiveKit's SDK, jose and aws4fetch. Both run on the same workerd in the same
// way, answer the same requests rightly first, and are then measured in turns in one run. Only ratios say something: the
// milliseconds are this machine's, with miniflare in between. Nothing is asserted about speed.
//
// Three views, each nearer to the Worker's own work:
// - what a caller waits, with HTTP and D1 (miniflare's: SQLite on this machine's disk, in the same process);
// - the CPU time of each Worker's own workerd process, D1's SQLite included;
// - the Worker alone: D1 answers from memory, one request over HTTP is answered a hundred times, and what an empty Worker takes for
//   that is taken off. With and without the line of log that ours writes for each request; the peer writes none.
// And what it takes to load the Worker into a new isolate, and what is uploaded.
//
// `node bench/side-by-side.mjs --quick` is a try of a few seconds: are both right, does everything end?

import { build } from '../scripts/build.mjs'
import { buildDevstack } from '../scripts/parts/devstack.mjs'
import { main, print, step } from '../scripts/parts/steps.mjs'
import { buildWeb } from '../scripts/parts/web.mjs'
import { setupBuild } from '../scripts/setup.mjs'
import { alone } from './parts/alone.mjs'
import { answerRightly, nothingIsMissing } from './parts/answers.mjs'
import { bundlePeer, sizeOf } from './parts/bundles.mjs'
import { coldStarts, startCold } from './parts/cold.mjs'
import { operations } from './parts/operations.mjs'
import { alone as aloneOnce, alternating, asCalled, median } from './parts/rounds.mjs'
import { startSide, stopAll } from './parts/sides.mjs'
import { column, heading, line } from './parts/table.mjs'

const quick = process.argv.includes('--quick')
/** Over 2 minutes in all. A round is so long that hundredths of a second, which the kernel counts CPU in, are little of it. */
const called = quick ? { rounds: 1, alone: 10, together: 40, atOnce: 8 } : { rounds: 9, alone: 200, together: 400, atOnce: 8 }
const byItself = quick ? { rounds: 1, requests: 2, times: 10 } : { rounds: 7, requests: 40, times: 100 }
const cold = quick ? { rounds: 1, count: 2 } : { rounds: 7, count: 10 }
/** Until V8 has compiled what is hot. */
const warmUp = quick ? 20 : 1_000

async function prepare() {
  await setupBuild()
  if (!process.env.DEVSTACK_BINARY) await step('devstack', buildDevstack)
  await step('pages', buildWeb)
  await step('Worker', (say) => build(say))
  await step('peer', bundlePeer)
}

async function asCallersMeetIt(say) {
  const sent = new Map()
  const onSent = (side) => (operation, count) => operation.name.includes('webhook') && sent.set(side, (sent.get(side) ?? 0) + count)
  const sides = [await startSide('ours'), await startSide('peer')].map((one) => ({ ...one, onSent: onSent(one.side) }))
  await answerRightly(sides)
  const results = []
  for (const operation of operations) {
    for (const one of sides) await asCalled(one, operation, { ...called, alone: 1, together: warmUp })
    const work = (one) => asCalled(one, operation, called)
    results.push(await alternating(sides, called.rounds, work, (round) => say(`${operation.name}, round ${round}`)))
  }
  await nothingIsMissing(sides, sent)
  await stopAll()
  return results
}

/** Of each operation `[with the log, without]`. */
async function theWorkerAlone(say) {
  const around = { around: alone }
  const sides = [await startSide('ours', around), await startSide('peer', around), await startSide('empty', { ...around, furnished: false })]
  const results = []
  for (const operation of operations) {
    for (const one of sides) await aloneOnce(one, operation, { requests: 1, times: warmUp })
    const views = []
    for (const silent of [false, true]) {
      const work = (one) => aloneOnce(one, operation, { ...byItself, silent })
      views.push(await alternating(sides, byItself.rounds, work, (round) => say(`${operation.name}, round ${round}`)))
    }
    results.push(views)
  }
  await stopAll()
  return results
}

async function inNewIsolates(say) {
  const sides = await startCold()
  for (const one of sides) await coldStarts(one, 1)
  const result = await alternating(sides, cold.rounds, (one) => coldStarts(one, cold.count), (round) => say(`round ${round}`))
  await stopAll()
  return result
}

/** What an empty Worker takes is so little that its median will do: the noise of each round's would be in the ratio. */
const lessEmpty = (values, empty) => values.map((value) => value - median(empty))

function tell(met, byThemselves, isolates) {
  for (const [index, { name }] of operations.entries()) {
    const { ours, peer } = met[index]
    print(heading(name))
    print(line('one after the other: ms, the median', column(ours, 'alone'), column(peer, 'alone')))
    print(line(`${called.atOnce} at once: ms for each`, column(ours, 'together'), column(peer, 'together')))
    print(line('CPU of workerd with D1: ms for each', column(ours, 'cpu'), column(peer, 'cpu')))
    for (const [at, title] of ['CPU of the Worker alone: ms for each', 'the same without a log'].entries()) {
      const view = byThemselves[index][at]
      print(line(title, lessEmpty(view.ours, view.empty), lessEmpty(view.peer, view.empty)))
    }
  }
  print(heading('a new isolate, to its first answer'))
  print(line('ms, an isolate by itself among them', column(isolates.ours, 'ms'), column(isolates.peer, 'ms')))
  const [cpu, empty] = [(side) => column(isolates[side], 'cpu'), column(isolates.empty, 'cpu')]
  print(line('CPU less an empty isolate’s: ms', lessEmpty(cpu('ours'), empty), lessEmpty(cpu('peer'), empty)))
  const [ours, peer] = [sizeOf('ours'), sizeOf('peer')]
  print(heading('uploaded'))
  print(line('raw: kB', [ours.raw], [peer.raw]))
  print(line('gzip: kB', [ours.gzip], [peer.gzip]))
}

/** Ctrl-C ends what was started first. What this misses is killed by scripts/parts/reaper.mjs when this process is gone. */
let interrupted = false
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
  process.once(signal, () => {
    interrupted = true
    stopAll().finally(() => process.exit(code))
  })
}

await main(import.meta.url, async () => {
  await prepare()
  try {
    let [met, byThemselves, isolates] = []
    await step('as callers meet it', async (say) => void (met = await asCallersMeetIt(say)))
    await step('the Worker alone', async (say) => void (byThemselves = await theWorkerAlone(say)))
    await step('new isolates', async (say) => void (isolates = await inNewIsolates(say)))
    if (quick) print('\nBoth answer rightly. So few requests say nothing about speed.')
    else tell(met, byThemselves, isolates)
  } catch (error) {
    if (!interrupted) throw error // Else it is only what was cut off.
  } finally {
    await stopAll()
  }
})
