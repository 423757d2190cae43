// `npm run test:real`: the tests against the real LiveKit server, and the list of those that this machine cannot run.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { patience, tests } from './counted.mjs'
import { installLivekitServer } from './livekit-server.mjs'
import { wranglerNode } from './node.mjs'
import { notRun } from './not-run.mjs'
import { root } from './processes.mjs'
import { report, step } from './steps.mjs'

const FOLDER = 'tests/real'

/** Runs those whose file's name contains `filter`: `{passed, failed, note, notRun}`, the last one as a text to be shown at the end. */
export async function realTests(filter) {
  try {
    await step('livekit-server', installLivekitServer)
  } catch (error) {
    report(error)
    return { passed: 0, failed: 1, note: 'not run: no server' }
  }
  const names = readdirSync(path.join(root, FOLDER)).filter((name) => name.endsWith('.test.mjs') && name.includes(filter))
  if (names.length === 0) return { passed: 0, failed: 1, note: 'no tests were found' }
  const folder = mkdtempSync(path.join(tmpdir(), 'livekit-storj-real-'))
  const list = path.join(folder, 'not-run.jsonl')
  try {
    // Each file has a server, a Worker and mostly a browser of its own, and mostly waits: with a real recorder for minutes.
    const args = ['--test', '--test-reporter=spec', '--test-concurrency=2', ...patience(15), ...names.map((name) => `${FOLDER}/${name}`)]
    const result = await tests(wranglerNode(), args, { NOT_RUN_LIST: list })
    return { ...result, ...notRun('the tests against the real LiveKit', entries(existsSync(list) ? readFileSync(list, 'utf8') : '')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const entries = (lines) => lines.split('\n').filter(Boolean).map((line) => JSON.parse(line))
