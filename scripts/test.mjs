// Every test: `npm test`. Parts of it: `npm run lint`, `npm run test:rust`, and, each with `[-- part of a file's name]`,
// `npm run test:e2e`, `npm run test:pages` (in a Chromium; where there is none it says so, loudly).
// With the real LiveKit server: `npm run test:real [-- part of a file's name]`, or after all others: `npm test -- --real`.
//
// A part that fails hides none of the later ones. The last line is always `N passed, N failed`; checks that have no tests
// of their own (format, lints, build, dry run of the deployment) count as one each.

import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { build, checkSize, panicProbe } from './build.mjs'
import { findChromium } from './parts/chromium.mjs'
import { check, patience, tests } from './parts/counted.mjs'
import { buildDevstack } from './parts/devstack.mjs'
import { wranglerNode } from './parts/node.mjs'
import { notRun } from './parts/not-run.mjs'
import { root } from './parts/processes.mjs'
import { realTests } from './parts/real-tests.mjs'
import { main, report, step, Stop } from './parts/steps.mjs'
import { buildWeb } from './parts/web.mjs'
import { setupBuild } from './setup.mjs'

const WASM = ['-p', 'livekit-storj', '--lib', '--target', 'wasm32-unknown-unknown']
const DENY = ['--', '-D', 'warnings']
const [E2E, PAGES] = ['tests/e2e', 'tests/pages']

const builds = ['build', ({ filter }) => held(() => buildBoth(filter))]
const parts = {
  lint: [
    ['format', () => check('cargo', ['fmt', '--all', '--check'])],
    ['clippy', () => check('cargo', ['clippy', '--workspace', '--all-targets', ...DENY])],
    ['clippy, wasm32', () => check('cargo', ['clippy', ...WASM, ...DENY])],
    ['types of the pages', () => check(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'web'])],
  ],
  rust: [['cargo test', () => tests('cargo', ['test', '--workspace', '--no-fail-fast'])]],
  deploy: [builds, ['deploy, dry run', () => check(process.execPath, ['scripts/deploy.mjs', '--dry-run'])]],
  e2e: [builds, ['end to end', onWhatWasBuilt(endToEnd)]],
  pages: [builds, ['pages', onWhatWasBuilt(inChromium)]],
}
const real = [builds, ['real LiveKit', onWhatWasBuilt(realTests)]]

async function buildBoth(filter) {
  await step('devstack', buildDevstack)
  await step('pages', buildWeb)
  await step('Worker', async (say) => {
    const unchanged = await build(say)
    return [unchanged, checkSize()].filter(Boolean).join('; ')
  })
  // For one test alone.
  if (!'panic.test.mjs'.includes(filter)) return
  await step('Worker that panics when asked', (say) => build(say, panicProbe))
}

/** What was built before would be tested in its place. */
function onWhatWasBuilt(work) {
  return ({ filter, results }) => {
    const noBuild = results.some(({ name, failed }) => name === 'build' && failed)
    return noBuild ? { passed: 0, failed: 1, note: 'not run: no build' } : work(filter)
  }
}

/** Each file has a browser besides: one at a time on few cores. */
function inChromium(filter) {
  if (findChromium()) return files(PAGES, filter, Math.max(1, Math.floor(availableParallelism() / 2)))
  const line = '!'.repeat(80)
  const notRun = [line, 'NOT RUN: the tests of the pages. There is no Chromium: install one, or name it in CHROMIUM.', line].join('\n')
  return { passed: 0, failed: 0, note: 'NOT RUN, see below', notRun }
}

/** Each file has a Worker and a devstack of its own, and mostly waits: two at once even on one core. */
function endToEnd(filter) {
  return files(E2E, filter, Math.max(2, availableParallelism() - 1))
}

async function files(folder, filter, concurrency) {
  const all = existsSync(path.join(root, folder)) ? readdirSync(path.join(root, folder)) : []
  const chosen = all.filter((name) => name.endsWith('.test.mjs') && name.includes(filter))
  if (chosen.length === 0) return { passed: 0, failed: 1, note: 'no tests were found' }
  const options = ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, ...patience(5)]
  const result = await tests(wranglerNode(), [...options, ...chosen.map((name) => `${folder}/${name}`)])
  const left = notRun(folder === PAGES ? 'the tests of the pages' : 'the end-to-end tests', result.skipped)
  return { ...result, ...left, note: [result.note, left.note].filter(Boolean).join('; ') }
}

/** A function of ours as a check. */
async function held(work) {
  try {
    await work()
    return { passed: 1, failed: 0 }
  } catch (error) {
    report(error)
    return { passed: 0, failed: 1 }
  }
}

const row = (name, seconds) => `${name.padEnd(18)} ${`${seconds.toFixed(1)} s`.padStart(9)}`

async function runAll(chosen, filter) {
  const results = []
  const began = performance.now()
  for (const [name, work] of chosen) {
    process.stdout.write(`\n━━ ${name}\n`)
    const start = performance.now()
    const result = await work({ filter, results })
    results.push({ name, seconds: (performance.now() - start) / 1000, ...result })
  }
  process.stdout.write('\n')
  for (const { name, seconds, passed, failed, note } of results) {
    const counts = `${passed} passed${failed ? `, ${failed} failed` : ''}${note ? ` (${note})` : ''}`
    process.stdout.write(`${failed ? '✗' : '✓'} ${row(name, seconds)}   ${counts}\n`)
  }
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  process.stdout.write(`  ${row('in all', (performance.now() - began) / 1000)}\n`)
  for (const { notRun } of results) if (notRun) process.stdout.write(`\n${notRun}\n`)
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`)
  return sum('passed') > 0 && sum('failed') === 0
}

await main(import.meta.url, async () => {
  const [part, filter = ''] = process.argv.slice(2)
  const all = [...new Set(Object.values(parts).flat())]
  const byName = { ...parts, real, '--real': [...new Set([...all, ...real])] }
  if (part && !byName[part]) throw new Stop(`The tests have no part ${part}, only ${Object.keys(byName).join(', ')}.`)
  await setupBuild()
  const chosen = part ? byName[part] : all
  if (!(await runAll(chosen, filter))) process.exitCode = 1
})
