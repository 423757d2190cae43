// The real server's webhooks: their real signatures, and what happens when they are tampered with.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHash } from 'node:crypto'
import { livekitKey, waitFor } from '../e2e/harness/harness.mjs'
import { startReal } from './harness/stage.mjs'

let stage
before(async () => {
  stage = await startReal({ emptyTimeout: 600 })
})
after(() => stage?.stop())

/** A stream of alice's whose room is opened by LiveKit's administration: the webhook that told of it, as it came. */
async function opened(roomName) {
  const { body: stream } = await stage.api('POST', '/api/streams', { user: 'alice', body: { title: roomName, roomName } })
  const { sid } = await stage.p.admin.createRoom({ name: roomName, emptyTimeout: 600 })
  const passed = await waitFor(() => stage.hooks.passed.find(({ body, status }) => body?.includes(sid) && status))
  return { stream, sid, passed }
}

const sessions = () => stage.sql('SELECT sid, stream_id, ended_at FROM sessions ORDER BY sid')

async function deliver(body, authorization) {
  const headers = { 'content-type': 'application/webhook+json', ...(authorization && { authorization }) }
  return stage.api('POST', '/livekit-webhook', { body, headers })
}

test('a room that opens and closes: both webhooks verify, and the session is filed from first to last', async () => {
  const { stream, sid, passed } = await opened('first')
  assert.equal(passed.status, 200)
  assert.equal(passed.headers['content-type'], 'application/webhook+json')
  assert.ok(!/^bearer/i.test(passed.headers.authorization))
  const claims = JSON.parse(Buffer.from(passed.headers.authorization.split('.')[1], 'base64url'))
  assert.equal(claims.iss, livekitKey.key)
  assert.equal(claims.sha256, createHash('sha256').update(passed.body).digest('base64'))
  assert.deepEqual((await sessions()).find((row) => row.sid === sid), { sid, stream_id: stream.id, ended_at: null })
  await stage.p.admin.deleteRoom('first')
  await waitFor(async () => (await sessions()).find((row) => row.sid === sid).ended_at)
  const about = stage.events().filter(({ room }) => room.sid === sid)
  assert.deepEqual(about.map(({ event, status }) => [event, status]), [['room_started', 200], ['room_finished', 200]])
})

test('one byte changed, another header, none at all, an old one: 401, and nothing is stored', async () => {
  const { sid, passed } = await opened('guarded')
  await stage.p.admin.deleteRoom('guarded')
  const finished = await waitFor(() => stage.hooks.passed.findLast(({ body, status }) => body?.includes(sid) && body.includes('room_finished') && status))
  const before = await stage.sql('SELECT id FROM webhook_events ORDER BY id')
  const text = finished.body.toString()
  const bad = {
    'another room': [text.replace('guarded', 'Guarded'), finished.headers.authorization],
    'written anew': [JSON.stringify(JSON.parse(text), null, 1), finished.headers.authorization],
    'the signature of another event': [text, passed.headers.authorization],
    'no signature': [text, ''],
    'a cut-off body': [text.slice(0, -1), finished.headers.authorization],
    'the token of a participant': [text, (await stage.p.token('guarded', 'alice', { role: 'host' })).participant_token],
  }
  for (const [what, [body, authorization]] of Object.entries(bad)) {
    assert.notEqual(body === text && authorization === finished.headers.authorization, true)
    const answer = await deliver(body, authorization)
    assert.deepEqual([answer.status, answer.body.code], [401, 'webhook_signature_refused'], what)
  }
  assert.deepEqual(await stage.sql('SELECT id FROM webhook_events ORDER BY id'), before)
})

test('the same delivery again is answered 200 and changes nothing', async () => {
  const { sid, passed } = await opened('twice')
  await stage.p.settled()
  const everything = async () => [await sessions(), await stage.sql('SELECT id, receipt FROM webhook_events ORDER BY id')]
  const before = await everything()
  const answer = await deliver(passed.body, passed.headers.authorization)
  assert.equal(answer.status, 200)
  await stage.p.settled()
  assert.deepEqual(await everything(), before)
  await stage.p.admin.deleteRoom('twice')
  // Nor does it open again what has ended since.
  await waitFor(async () => (await sessions()).find((row) => row.sid === sid).ended_at)
  assert.equal((await deliver(passed.body, passed.headers.authorization)).status, 200)
  await stage.p.settled()
  assert.ok((await sessions()).find((row) => row.sid === sid).ended_at)
})

test('no line of the log tells a secret', () => stage.p.tellsNoSecret())
