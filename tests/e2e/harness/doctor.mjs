// What tests ask the doctor.

import assert from 'node:assert/strict'
import { livekitKey, storjKey } from './harness.mjs'

/** A key that the devstack knows with `--write-only-key`. */
export const writeOnly = { key: 'writeonly', secret: 'writeonlysecretwriteonlysecretwriteonly' }

/** Runs the doctor: `find(name)` is that check, `wrong` the names of those that are not right. */
export async function examine(stage, headers = {}) {
  const answer = await stage.api('GET', '/api/doctor', { admin: true, headers })
  assert.equal(answer.status, 200, answer.text)
  const { ok, checks } = answer.body
  for (const check of checks) {
    assert.deepEqual(Object.keys(check).sort(), ['name', 'ok', 'remedy', 'what'])
    if (!check.ok) assert.ok(check.remedy.length > 10, `${check.name} has no remedy`)
  }
  const wrong = checks.filter((check) => !check.ok).map(({ name }) => name)
  assert.equal(ok, wrong.length === 0)
  const secrets = [livekitKey.secret, storjKey.secret, writeOnly.secret, 'eyJ', 'X-Amz']
  for (const secret of secrets) assert.ok(!answer.text.includes(secret), secret)
  return { wrong, checks, find: (name) => checks.find((check) => check.name === name), text: answer.text }
}

/** What every new installation lacks before its first broadcast. */
export const young = ['webhooks_seen', 'schedule']

/** The doctor names `check` alone, in words like `what`, with a remedy like `remedy`. Answers what it found. */
export async function assertNamed(stage, check, what, remedy, headers) {
  const found = await examine(stage, headers)
  assert.deepEqual(found.wrong.filter((name) => !young.includes(name)), [check])
  assert.match(found.find(check).what, what)
  assert.match(found.find(check).remedy, remedy)
  return found
}
