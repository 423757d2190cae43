// A whole broadcast, public and private, seen by others: what must not be told, and what must not be logged.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { authSecret, bucket, livekitKey, start, storjKey, waitFor } from './harness/harness.mjs'

let stage
const rooms = {}
before(async () => {
  stage = await start()
  for (const visibility of ['public', 'private']) rooms[visibility] = await broadcast(visibility)
})
after(() => stage?.stop())

/** alice broadcasts and records; what becomes of it in her own eyes. */
async function broadcast(visibility) {
  const body = { roomName: `${visibility}-show`, role: 'host', record: true, visibility }
  const token = (await stage.api('POST', '/livekit-token', { user: 'alice', body })).body
  await stage.dev('/dev/join', { token: token.participant_token, publish: true })
  const path = `/api/streams/${token.streamId}`
  const own = async () => (await stage.api('GET', path, { user: 'alice' })).body
  const live = await waitFor(async () => {
    const stream = await own()
    return stream.recording.status === 'recording' && stream.status === 'live' && stream
  })
  const [{ object_key: key, session_sid: sid }] = await stage.sql('SELECT * FROM egresses WHERE stream_id = ?', token.streamId)
  return { path, live, key, sid, streamId: token.streamId, token: token.participant_token, secrets: ['alice', live.recording.egressId, key, sid] }
}

const others = ['bob', undefined]
const reads = (room, recording) => [
  room.path,
  '/api/streams',
  '/api/streams?status=live',
  '/api/streams?status=ended',
  '/api/recordings',
  `/api/recordings?streamId=${room.streamId}`,
  ...(recording ? [`/api/recordings/${recording.id}`] : []),
]

async function assertSilent(room, recording, more = []) {
  for (const path of reads(room, recording)) {
    for (const user of others) {
      const { text } = await stage.api('GET', path, { user })
      for (const secret of [...room.secrets, ...more]) assert.ok(!text.includes(secret), `${user} ${path} tells ${secret}: ${text}`)
    }
  }
}

test('while it is live, others see a public stream without its owner, egress, file and session; a private one not at all', async () => {
  await assertSilent(rooms.public)
  await assertSilent(rooms.private, null, [rooms.private.streamId, rooms.private.live.roomName])
  const { body } = await stage.api('GET', '/api/streams?status=live')
  assert.deepEqual(body.streams.map(({ id }) => id), [rooms.public.streamId])
  assert.equal(body.streams[0].recording.status, 'recording')
})

test('the same when it has ended; the recording takes the stream\'s visibility, and keeps it', async () => {
  for (const room of Object.values(rooms)) {
    await stage.api('POST', `${room.path}/end`, { user: 'alice' })
    const list = async () => (await stage.api('GET', `/api/recordings?streamId=${room.streamId}`, { user: 'alice' })).body.recordings
    room.recording = await waitFor(async () => (await list()).find(({ status }) => status === 'ready'))
    assert.equal(room.recording.visibility, room.live.visibility)
    assert.deepEqual([room.recording.filename, room.recording.bucket, room.recording.ownerId], [room.key, bucket, 'alice'])
  }
  await assertSilent(rooms.public, rooms.public.recording)
  await assertSilent(rooms.private, rooms.private.recording, [rooms.private.streamId])
  await stage.api('PATCH', rooms.public.path, { user: 'alice', body: { visibility: 'private' } })
  const { status, body } = await stage.api('GET', `/api/recordings/${rooms.public.recording.id}`)
  assert.deepEqual([status, body.visibility], [200, 'public'])
})

test('what is public can be played by others, what is private cannot', async () => {
  for (const user of others) {
    const play = (room) => stage.api('GET', `/api/recordings/${room.recording.id}/playback`, { user })
    const { status, body } = await play(rooms.public)
    assert.equal(status, 200)
    const file = await fetch(body.url)
    assert.deepEqual([file.status, file.headers.get('content-type')], [200, 'video/mp4'])
    await file.body.cancel()
    assert.equal((await play(rooms.private)).status, 404)
  }
})

test('a file that is private in the bucket is not there without the link', async () => {
  const plain = await fetch(`${stage.s3}/${bucket}/${rooms.public.key}`)
  assert.equal(plain.status, 403)
})

test('no secret, token or presigned query is ever logged', async () => {
  const { url } = (await stage.api('GET', `/api/recordings/${rooms.public.recording.id}/playback`, { user: 'alice' })).body
  const log = JSON.stringify(stage.logs())
  assert.ok(log.includes('"POST /livekit-webhook"') && log.includes('playback'), 'the log is empty')
  const tokens = Object.values(rooms).map(({ token }) => token.split('.')[2])
  const secrets = [livekitKey.secret, storjKey.secret, authSecret, new URL(url).searchParams.get('X-Amz-Signature'), 'X-Amz-', ...tokens, 'eyJ']
  for (const secret of secrets) assert.ok(!log.includes(secret), `the log has ${secret}`)
})
