// Runs a command of the test run: its output goes straight through, and its tests are counted on the way.

import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { skippedIn } from './not-run.mjs'
import { eachLine, root } from './processes.mjs'

/** For node's tests. One that hangs ends, and a file whose tests are over too: CI must not wait for ever. A file as a whole has as long as one test. */
export const patience = (minutes) => [`--test-timeout=${minutes * 60_000}`, '--test-force-exit']

/** A line of cargo's or node's summary, as `{passed, failed}`; null for any other line. */
export function countsIn(line) {
  const cargo = /^test result: \w+\. (\d+) passed; (\d+) failed;/.exec(line)
  if (cargo) return { passed: Number(cargo[1]), failed: Number(cargo[2]) }
  const node = /^[ℹ#] (pass|fail|cancelled) (\d+)$/.exec(line)
  if (node) return node[1] === 'pass' ? { passed: Number(node[2]), failed: 0 } : { passed: 0, failed: Number(node[2]) }
  return null
}

/**
 * Tests counted by their program, with those that it skipped (`{why, title}`). Failing without a failed test (it does not
 * compile) and having none are failures too.
 */
export async function tests(command, args, env) {
  const { code, passed, failed, skipped } = await stream(command, args, env)
  if (code !== 0 && failed === 0) return { passed, failed: 1, skipped, note: `exit code ${code}` }
  if (passed + failed + skipped.length === 0) return { passed, failed: 1, skipped, note: 'no tests were found' }
  return { passed, failed, skipped }
}

/** A check that either holds or does not: counts as one. */
export async function check(command, args, env) {
  const { code } = await stream(command, args, env)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

function stream(command, args, env) {
  return new Promise((resolve) => {
    const colours = process.stdout.isTTY ? { CARGO_TERM_COLOR: 'always', FORCE_COLOR: '1' } : {}
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...colours, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [passed, failed] = [0, 0]
    const skipped = []
    for (const source of [child.stdout, child.stderr]) {
      eachLine(source, (line) => {
        process.stdout.write(`${line}\n`)
        const plain = stripVTControlCharacters(line)
        const counts = countsIn(plain)
        passed += counts?.passed ?? 0
        failed += counts?.failed ?? 0
        skipped.push(...[skippedIn(plain)].filter(Boolean))
      })
    }
    child.on('error', (error) => {
      process.stdout.write(`${error.message}\n`)
      resolve({ code: 127, passed, failed, skipped })
    })
    child.on('close', (code) => resolve({ code: code ?? 1, passed, failed, skipped }))
  })
}
