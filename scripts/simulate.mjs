// Many histories of the simulation, with progress, and at the end how often which fault struck:
//
//     node scripts/simulate.mjs 1000000          seeds 1 to 1,000,000 on all cores (SIM_THREADS=1: on one)
//     node scripts/simulate.mjs 250000 250001    seeds 250,001 to 500,000: a part of it, in a process of its own
//     node scripts/simulate.mjs sum              adds up the reports of all parts that were run
//
// Each run leaves its report beside what was compiled. It fails if one history does, with a minimal history that replays.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root, run } from './parts/processes.mjs'
import { main, step, Stop } from './parts/steps.mjs'

const folder = path.join(path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target'), 'histories')
const TEST = ['test', '-q', '--profile', 'simulation', '--test', 'simulation']
// SQLite without its locks and its counting of memory: each thread has a database of its own.
const SQLITE = { LIBSQLITE3_FLAGS: '-USQLITE_ENABLE_MEMORY_MANAGEMENT -USQLITE_ENABLE_API_ARMOR -DSQLITE_DEFAULT_MEMSTATUS=0' }

const wholeNumber = (text, what) => {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new Stop(`${what} is a number above 0, not ${text}.`, { remedy: 'node scripts/simulate.mjs 10000 1' })
}

await main(import.meta.url, async () => {
  const [histories = '1000000', first = '1'] = process.argv.slice(2)
  if (histories === 'sum') return sum()
  const [count, from] = [wholeNumber(histories, 'How many histories'), wholeNumber(first, 'The first seed')]
  await step('the simulation is compiled', async () => {
    const { code, output } = await run('cargo', [...TEST, '--no-run'], { env: SQLITE })
    if (code !== 0) throw new Stop('It does not compile.', { detail: output })
  })
  let report = ''
  await step(`${count} histories from seed ${from} on`, async (say) => {
    const env = { ...SQLITE, SIM_HISTORIES: String(count), SIM_SEED: String(from), SIM_REPORT: '1' }
    // What it writes goes to standard error at once where it is progress.
    const onLine = (line) => /^(\d+ of \d+ histories|seed \d+ broke)/.test(line) && say(line)
    const { code, output } = await run('cargo', [...TEST, '--', '--nocapture', 'every_history'], { env, onLine })
    report = output
    if (code !== 0) throw new Stop('A history broke what must hold.', { detail: output })
  })
  const lines = report.split('\n').filter((line) => /^(seeds \d+ to \d+|\s*\d+ {2}\S.*)$/.test(line))
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, `${from}-${from + count - 1}.txt`), `${lines.join('\n')}\n`)
  console.log(lines.join('\n'))
})

/** Reports are lines `number  what`, so that they add up. */
function sum() {
  const counts = new Map()
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  for (const name of files) {
    for (const line of readFileSync(path.join(folder, name), 'utf8').split('\n')) {
      const [, number, what] = /^\s*(\d+) {2}(.+)$/.exec(line) ?? []
      if (what) counts.set(what, (counts.get(what) ?? 0) + Number(number))
    }
  }
  console.log(`seeds ${files.map((name) => name.replace('.txt', '')).join(', ')}`)
  const order = ([a], [b]) => Number(b === 'histories') - Number(a === 'histories') || (a < b ? -1 : 1)
  for (const [what, number] of [...counts].sort(order)) console.log(`${String(number).padStart(9)}  ${what}`)
}
