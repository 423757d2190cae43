// Side by side with the peer: `npm run bench`.
//
// The peer (bench/peer/) is a Worker in plain JavaScript made of LiveKit's SDK, jose and aws4fetch. Both run on the same workerd in the same
// way, answer the same requests rightly first, and are then measured in turns in one run. Only ratios say something: the
// milliseconds are this machine's, with miniflare in between. Nothing is asserted about speed.
//
// Three views, each nearer to the Worker's own work:
// - what a caller waits, with HTTP and D1 (miniflare's: SQLite on this machine's disk, in the same process);
// - the CPU time of each Worker's own workerd process, D1's SQLite included;
// - the same with D1's answers given from memory, less what an empty Worker takes: the Worker alone, its log line included.
// And what it takes to load the Worker into a new isolate, and what is uploaded.
//
// `node bench/side-by-side.mjs --quick` is a try of a few seconds: are both right, does everything end?

import { build } from '../scripts/build.mjs'
import { buildDevstack } from '../scripts/parts/devstack.mjs'
import { main, print, step } from '../scripts/parts/steps.mjs'
import { buildWeb } from '../scripts/parts/web.mjs'
import { setupBuild } from '../scripts/setup.mjs'
import { answerRightly, nothingIsMissing } from './parts/answers.mjs'
import { bundlePeer, sizeOf } from './parts/bundles.mjs'
import { operations } from './parts/operations.mjs'
import { replayedD1 } from './parts/replayed-d1.mjs'
import { measure } from './parts/rounds.mjs'
import { startSide, stopAll } from './parts/sides.mjs'
import { column, heading, line } from './parts/table.mjs'

const quick = process.argv.includes('--quick')
const AT_ONCE = 8
/** Some 90 s, and 60 s for the Worker alone: a round is a second of CPU at least, which the kernel counts in hundredths. */
const whole = { rounds: quick ? 1 : 9, alone: quick ? 10 : 200, together: quick ? 40 : 400, atOnce: AT_ONCE, warmUp: quick ? 20 : 1_000 }
const byItself = { rounds: quick ? 1 : 7, alone: 0, together: quick ? 40 : 1_500, atOnce: AT_ONCE, warmUp: quick ? 20 : 3_000 }

async function prepare() {
  await setupBuild()
  if (!process.env.DEVSTACK_BINARY) await step('devstack', buildDevstack)
  await step('pages', buildWeb)
  await step('Worker', (say) => build(say))
  await step('peer', bundlePeer)
}

async function withD1(say) {
  const sent = new Map()
  const onSent = (side) => (operation, count) => operation.name.includes('webhook') && sent.set(side, (sent.get(side) ?? 0) + count)
  const sides = [await startSide('ours'), await startSide('peer')].map((one) => ({ ...one, onSent: onSent(one.side) }))
  await answerRightly(sides)
  const results = []
  for (const operation of operations) {
    results.push(await measure(sides, operation, { ...whole, onRound: (round) => say(`${operation.name}, round ${round}`) }))
  }
  await nothingIsMissing(sides, sent)
  await stopAll()
  return results
}

async function withoutD1(say) {
  const sides = [await startSide('ours', { around: replayedD1 }), await startSide('peer', { around: replayedD1 })]
  const empty = await startSide('empty', { furnished: false })
  const all = [...sides, { ...empty, status: 200, checked: false }]
  const results = []
  for (const operation of operations) {
    results.push(await measure(all, operation, { ...byItself, onRound: (round) => say(`${operation.name}, round ${round}`) }))
  }
  await stopAll()
  return results
}

function tell(whole, alone) {
  for (const [index, { name }] of operations.entries()) {
    const [{ ours, peer }, by] = [whole[index], alone[index]]
    print(heading(name))
    print(line('one after the other: ms, the median', column(ours, 'alone'), column(peer, 'alone')))
    print(line(`${AT_ONCE} at once: ms for each`, column(ours, 'together'), column(peer, 'together')))
    print(line("workerd's CPU with D1's: ms for each", column(ours, 'cpu'), column(peer, 'cpu')))
    const less = (side) => column(by[side], 'cpu').map((value, round) => value - by.empty[round].cpu)
    print(line("CPU without D1's and HTTP's: ms for each", less('ours'), less('peer')))
  }
  print(heading('uploaded, kB'))
  const [ours, peer] = [sizeOf('ours'), sizeOf('peer')]
  print(line('raw', [ours.raw], [peer.raw]))
  print(line('gzip', [ours.gzip], [peer.gzip]))
}

/** Ctrl-C ends what was started first. What this misses is killed by scripts/parts/reaper.mjs when this process is gone. */
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
  process.once(signal, () => stopAll().finally(() => process.exit(code)))
}

await main(import.meta.url, async () => {
  await prepare()
  try {
    let whole
    let alone
    await step('with D1', async (say) => void (whole = await withD1(say)))
    await step('by itself', async (say) => void (alone = await withoutD1(say)))
    tell(whole, alone)
  } finally {
    await stopAll()
  }
})
