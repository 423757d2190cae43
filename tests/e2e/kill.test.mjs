// What was answered with a success is kept, whenever the runtime is killed. `node scripts/kill-workerd.mjs` does it 100 times.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killUnderLoad } from './harness/crash.mjs'

test('workerd is killed 5 times under load: each event answered 200 is in the database, whole', async () => {
  const { kills, acknowledged, streams, broken } = await killUnderLoad(5)
  assert.equal(kills, 5)
  assert.ok(acknowledged > 50 && streams > 5, `${acknowledged} events, ${streams} streams`)
  assert.ok(broken > 0, 'the kills met requests that were under way')
})
