// What `npm test` says about tests that were skipped.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { notRun, skippedIn } from '../../scripts/parts/not-run.mjs'
import { run } from '../../scripts/parts/processes.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'not-run-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a skipped test is found in what node prints, and listed with its reason', async () => {
  const file = path.join(folder, 'x.test.mjs')
  writeFileSync(file, `
    import { describe, test } from 'node:test'
    const skip = 'built without nightly Rust: see \`npm run setup\`'
    test('a panic', { skip }, () => {})
    describe('others', () => {
      test('held (by nobody)', { skip }, () => {})
      test('runs', () => {})
    })
    test('later', (t) => t.skip())
  `)
  // Without NODE_TEST_CONTEXT: node would not run tests within tests.
  const { code, output } = await run(process.execPath, ['--test', '--test-reporter=spec', file], { env: { NODE_TEST_CONTEXT: undefined } })
  assert.equal(code, 0, output)
  const skipped = output.split('\n').map(skippedIn).filter(Boolean)
  const { note, notRun: text } = notRun('the end-to-end tests', skipped)
  assert.equal(note, '3 NOT RUN, see below')
  assert.deepEqual(text.split('\n').slice(1, -1), [
    'NOT RUN: 3 of the end-to-end tests',
    '  built without nightly Rust: see `npm run setup`',
    '      a panic',
    '      held (by nobody)',
    '  skipped without a reason',
    '      later',
  ])
})

test('where nothing was skipped nothing is said', () => assert.deepEqual(notRun('the end-to-end tests', []), {}))
