// The operator's LiveKit key is of another project or revoked. LiveKit's answer then repeats our own token: it must
// reach neither callers nor the log.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { livekitKey, start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { addStream } from './harness/rows.mjs'

let stage
let p

before(async () => {
  // Webhooks still verify, by the previous key: the Worker knows the room, and may not record it.
  const vars = { LIVEKIT_API_SECRET: 'wrong-secret-0123456789abcdef0123456789abcdef' }
  stage = await start({ vars: { ...vars, LIVEKIT_API_KEY_PREVIOUS: livekitKey.key, LIVEKIT_API_SECRET_PREVIOUS: livekitKey.secret } })
  p = play(stage)
})
after(() => stage?.stop())

const tellsNothing = ({ text }) => assert.ok(!/eyJ|invalid token|wrong-secret/.test(text), text)

test('a start is 502 and names the variables', async () => {
  await addStream(stage, 'talk', { room_name: 'talk' })
  await p.stranger('talk', 'alice', { publish: true })
  await waitFor(async () => (await stage.sql('SELECT sid FROM sessions')).length === 1)
  const answer = await p.start('talk')
  assert.deepEqual([answer.status, answer.body.code], [502, 'livekit_refused'])
  assert.match(answer.body.hint, /LIVEKIT_API_KEY.*LIVEKIT_API_SECRET/)
  tellsNothing(answer)
  assert.deepEqual(await p.egresses(), [])
})

test('a new room is refused too, for nobody can tell whose it is', async () => {
  const answer = await stage.api('POST', '/livekit-token', { user: 'alice', body: { roomName: 'new', role: 'host' } })
  assert.ok(answer.status === 502 || answer.status === 503, `${answer.status}`)
  tellsNothing(answer)
  assert.deepEqual(await stage.sql("SELECT id FROM live_streams WHERE room_name = 'new'"), [])
})

test('the schedule concludes nothing from refusals', async () => {
  for (let n = 0; n < 3; n++) await p.cronAfter(6 * 60_000)
  assert.equal((await p.stream('talk')).status, 'live')
})

test('no line of the log tells a secret', () => {
  p.tellsNoSecret()
  const lines = stage.logs().map((line) => JSON.stringify(line))
  assert.ok(lines.some((line) => line.includes('livekit_key_refused')), 'the code is told')
  for (const line of lines) assert.ok(!/invalid token|wrong-secret/.test(line), line)
})
