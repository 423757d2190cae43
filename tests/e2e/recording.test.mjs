// The whole way: token → room → recording → file in the bucket → rows in D1 → a link that plays it.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { bucket, start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'

const sample = await readFile(new URL('../../devstack/assets/sample.mp4', import.meta.url))
let stage
let p
const seen = {}

before(async () => {
  stage = await start()
  p = play(stage)
})
after(() => stage?.stop())

test('a room whose token says `record` is recorded once its host publishes', async () => {
  const { streamId, sid } = await p.host('my-room', { record: true, title: 'First show', quality: '720p' })
  const stream = await p.until(streamId, 'recording')
  assert.equal(stream.status, 'live')
  assert.equal(stream.title, 'First show')
  assert.match(stream.recording.egressId, /^EG_/)
  assert.ok(Date.parse(stream.recording.startedAt) > Date.parse(stream.createdAt))
  const [job, ...others] = await p.egresses()
  assert.deepEqual(others, [])
  assert.equal(job.room_composite.preset, 'H264_720P_30')
  assert.equal(job.room_id, sid)
  Object.assign(seen, { streamId, sid, egressId: stream.recording.egressId })
})

test('while it records, strangers see that it does and nothing that is the owner’s', async () => {
  const { body } = await stage.api('GET', `/api/streams/${seen.streamId}`)
  assert.equal(body.recording.status, 'recording')
  assert.equal(body.recording.egressId, null)
  assert.equal(body.ownerId, null)
})

test('the owner’s end stops the recording, closes the room and leaves one recording that is ready', async () => {
  const { status, body } = await stage.api('POST', `/api/streams/${seen.streamId}/end`, { user: 'alice' })
  assert.equal(status, 200)
  assert.equal(body.status, 'ended')
  seen.recording = await p.ready(seen.egressId)
  assert.equal((await p.recordings()).length, 1)
  await waitFor(async () => (await p.rooms()).length === 0)
  const stream = await p.until(seen.streamId, 'complete')
  assert.equal(stream.recording.estimatedBytes, sample.length)
})

test('the recording has its true size, its times, its title and its place', async () => {
  const { recording, streamId, egressId } = seen
  assert.match(recording.filename, /^livekit-recordings\/alice\/my-room_\d{13}\.mp4$/)
  assert.deepEqual(
    { ...recording, id: '', filename: '', durationMs: 0, createdAt: '', startedAt: '', endedAt: '' },
    {
      ...{ id: '', title: 'First show', streamId, roomName: 'my-room', ownerId: 'alice', egressId, part: 1, status: 'ready' },
      ...{ visibility: 'public', filename: '', bucket, durationMs: 0, sizeBytes: sample.length, quality: '720p', format: 'mp4' },
      ...{ partial: false, thumbnailUrl: null, saved: false, downloads: 0 },
      ...{ createdAt: '', startedAt: '', endedAt: '', expiresAt: null },
    },
  )
  const [from, to] = [Date.parse(recording.startedAt), Date.parse(recording.endedAt)]
  assert.ok(from < to, `${recording.startedAt} ${recording.endedAt}`)
  const [{ file_results: [told] }] = await p.egresses()
  assert.equal(recording.durationMs, Math.floor(Number(told.duration) / 1_000_000))
  assert.ok(recording.durationMs > 0)
  assert.match(recording.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('the bucket has that file and nothing beside it, once the schedule has deleted the safety copy', async () => {
  await waitFor(async () => (await stage.cron(), (await p.objects()).length === 1))
  const objects = await p.objects()
  assert.deepEqual(objects.map(({ key, size }) => [key, size]), [[seen.recording.filename, sample.length]])
  assert.equal(objects[0].content_type, 'video/mp4')
  assert.equal(objects[0].expires_at_ms, null)
})

test('in public answers the private fields are null', async () => {
  const { body } = await stage.api('GET', `/api/recordings/${seen.recording.id}`)
  assert.deepEqual(body, { ...seen.recording, ownerId: null, egressId: null, filename: null, bucket: null })
})

test('the guide’s two queries find the recording and the stream, and nothing without a recording', async () => {
  await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Recording gear, a talk', description: 'Recording', record: false } })
  const assets = await stage.sql("SELECT * FROM assets WHERE livepeer_asset_id LIKE 'EG_%' ORDER BY created_at DESC LIMIT 10")
  assert.deepEqual(assets.map((row) => [row.livepeer_asset_id, row.status, row.size_bytes]), [[seen.egressId, 'ready', sample.length]])
  const streams = await stage.sql("SELECT * FROM live_streams WHERE description LIKE '%Recording%' ORDER BY created_at DESC")
  assert.deepEqual(streams.map((row) => row.id), [seen.streamId])
})

test('the job stands in D1 apart from the file, with what LiveKit said', async () => {
  const [job, ...others] = await stage.sql('SELECT * FROM egresses')
  assert.deepEqual(others, [])
  const { egress_id, stream_id, session_sid, object_key, status, inferred, heard, size_bytes, file, quality } = job
  assert.deepEqual(
    { egress_id, stream_id, session_sid, object_key, status, inferred, heard, size_bytes, file, quality },
    {
      ...{ egress_id: seen.egressId, stream_id: seen.streamId, session_sid: seen.sid, object_key: seen.recording.filename },
      ...{ status: 'complete', inferred: 0, heard: 3, size_bytes: sample.length, file: 'yes', quality: '720p' },
    },
  )
})

test('the playback link plays in a browser: right bytes, inline, ranges', async () => {
  const { status, headers, body } = await stage.api('GET', `/api/recordings/${seen.recording.id}/playback`)
  assert.equal(status, 200)
  assert.equal(body.type, 'video/mp4')
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.ok(Date.parse(body.expiresAt) > Date.now() + 30 * 60_000)
  const whole = await fetch(body.url)
  assert.equal(whole.status, 200)
  assert.equal(whole.headers.get('content-type'), 'video/mp4')
  assert.equal(whole.headers.get('content-disposition'), 'inline')
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), sample)
  const part = await fetch(body.url, { headers: { range: 'bytes=100-199' } })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), `bytes 100-199/${sample.length}`)
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), sample.subarray(100, 200))
  seen.url = body.url
})

test('a playback link that was altered is worth nothing', async () => {
  const other = seen.recording.filename.replace('my-room', 'another')
  for (const [from, to] of [[/X-Amz-Expires=\d+/, 'X-Amz-Expires=604800'], ['inline', 'attachment'], [seen.recording.filename, other]]) {
    const url = seen.url.replace(from, to)
    assert.notEqual(url, seen.url)
    assert.equal((await fetch(url)).status, 403, url)
  }
})

test('a private recording is not there for others, and plays for its owner', async () => {
  const path = `/api/recordings/${seen.recording.id}`
  assert.equal((await stage.api('PATCH', path, { user: 'alice', body: { visibility: 'private' } })).status, 200)
  for (const user of [undefined, 'bob']) {
    assert.equal((await stage.api('GET', path, { user })).status, 404)
    assert.equal((await stage.api('GET', `${path}/playback`, { user })).status, 404)
  }
  const { body } = await stage.api('GET', `${path}/playback`, { user: 'alice' })
  assert.equal((await fetch(body.url)).status, 200)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
