// The schedule repairs what webhooks and background left undone: by LiveKit's lists and by the bucket itself.

import assert from 'node:assert/strict'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { bucket, start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'

let stage
let p
let folder

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'objects-'))
  stage = await start({ devstackArgs: ['--s3-dir', folder] })
  p = play(stage)
})
beforeEach(() => stage.reset())
after(async () => {
  await stage?.stop()
  await rm(folder, { recursive: true, force: true })
})

const minute = 60_000
const object = (key) => path.join(folder, bucket, key)
const later = ['egress_updated', 'egress_ended']

async function recording(options = {}) {
  const { streamId } = await p.host('talk', { record: true, ...options })
  const stream = await p.until(streamId, 'recording')
  const [{ object_key: key }] = await stage.sql('SELECT object_key FROM egresses WHERE egress_id = ?', stream.recording.egressId)
  return { streamId, egressId: stream.recording.egressId, key }
}

/** Stopped, its file uploaded, and LiveKit's words about the end lost. */
async function endedUnheard() {
  const made = await recording()
  await p.faults({ drop_webhooks: later })
  await p.stop({ egressId: made.egressId })
  await waitFor(async () => (await p.egresses())[0].status === 'EGRESS_COMPLETE')
  await p.settled()
  assert.equal((await p.stream(made.streamId)).recording.status, 'stopping')
  assert.deepEqual(await p.recordings(), [])
  return made
}

test('a lost ending is found in LiveKit’s list: the recording is ready', async () => {
  const { streamId, egressId } = await endedUnheard()
  await p.cronAfter(minute)
  const file = await p.ready(egressId)
  assert.deepEqual([file.partial, file.streamId], [false, streamId])
  assert.ok(file.sizeBytes > 100_000 && file.durationMs > 0)
  assert.equal((await p.stream(streamId)).recording.status, 'complete')
  await p.cronAfter(10 * minute)
  assert.equal((await p.recordings()).length, 1)
})

test('the room closed and no word came at all: the session, the stream and the recording end all the same', async () => {
  const { streamId, egressId } = await recording()
  await p.viewer('talk')
  await p.until(streamId, (stream) => stream.viewerCount === 1)
  await p.faults({ drop_webhooks: [...later, 'room_finished', 'participant_left', 'track_unpublished'] })
  await p.admin.deleteRoom('talk')
  await p.settled()
  assert.equal((await p.stream(streamId)).status, 'live')
  await p.cronAfter(6 * minute)
  assert.equal((await p.stream(streamId)).status, 'live', 'absent once: believed when seen twice, minutes apart')
  await p.cronAfter(3 * minute)
  const stream = await p.stream(streamId)
  assert.deepEqual([stream.status, stream.viewerCount, stream.recording.status], ['ended', 0, 'complete'])
  await p.ready(egressId)
})

test('LiveKit’s lists fail: nothing is concluded from that', async () => {
  const { streamId } = await recording()
  await p.faults({ lists: 'internal' })
  for (let n = 0; n < 4; n++) await p.cronAfter(6 * minute)
  const stream = await p.stream(streamId)
  assert.deepEqual([stream.status, stream.recording.status], ['live', 'recording'])
  assert.equal((await p.egresses()).length, 1)
})

test('a file that is not there: missing, but only in S3’s own words, and not at once', async () => {
  const { egressId, key } = await endedUnheard()
  await rename(path.join(folder, bucket), path.join(folder, 'away'))
  const status = async () => (await p.recordings()).find((one) => one.egressId === egressId)?.status
  await p.cronAfter(minute)
  assert.equal(await status(), 'processing')
  for (let n = 0; n < 3; n++) {
    await p.cronAfter(5 * minute)
    assert.equal(await status(), 'processing', 'the whole bucket is away: NoSuchBucket says nothing about the file')
  }
  await rename(path.join(folder, 'away'), path.join(folder, bucket))
  await rm(object(key))
  await rm(object(key.replace('.mp4', '')), { recursive: true }) // Its segments too: a recording would be made of them.
  const [{ id }] = await p.recordings()
  assert.equal((await stage.api('GET', `/api/recordings/${id}/playback`, { user: 'alice' })).body.code, 'recording_not_ready')
  await p.cronAfter(60 * minute)
  assert.equal(await status(), 'missing')
  const { status: code, body } = await stage.api('GET', `/api/recordings/${id}/playback`, { user: 'alice' })
  assert.deepEqual([code, body.code], [410, 'recording_missing'])
})

test('a file that is late is ready when it is there', async () => {
  const { egressId, key } = await endedUnheard()
  const aside = path.join(folder, 'aside.mp4')
  await rename(object(key), aside)
  await p.cronAfter(minute)
  assert.equal((await p.recordings())[0].status, 'processing')
  await rename(aside, object(key))
  await p.cronAfter(minute)
  await p.ready(egressId)
})

test('twice at once: one recorder, and the second run leaves the first alone', async () => {
  await p.faults({ drop_webhooks: ['participant_joined', 'track_published'] })
  const { streamId } = await p.host('talk', { record: true, publish: false })
  await p.settled()
  await stage.dev('/dev/publish', { room: 'talk', identity: 'alice' })
  await p.ages(minute)
  const before = stage.logs().length
  await Promise.all([stage.cron(), stage.cron(), stage.cron()])
  await p.until(streamId, 'recording')
  assert.equal((await p.egresses()).length, 1)
  const decided = stage.logs().slice(before).flatMap((line) => line.decided ?? [])
  assert.equal(decided.filter((told) => told === 'start: LiveKit took it').length, 1, 'LiveKit was asked once')
  await stage.cron()
  assert.equal((await p.egresses()).length, 1)
})

test('one stream in trouble does not keep the others waiting', async () => {
  const ids = []
  for (const room of ['a', 'b', 'c']) {
    const { streamId } = await p.host(room)
    await p.faults({ start: 'resource_exhausted' })
    assert.equal((await p.start(room)).status, 202)
    ids.push(streamId)
  }
  // Nothing is under way behind an answer any more, which would try by itself when its time seems to have come.
  await p.settled()
  await p.faults({ start: 'resource_exhausted', times: 1 })
  await p.cronAfter(10 * minute)
  await waitFor(async () => (await p.egresses()).length === 2)
  await p.settled()
  await p.cronAfter(minute)
  for (const id of ids) await p.until(id, 'recording')
  assert.equal((await p.egresses()).length, 3)
})

test('with nothing to do a run costs little and touches neither LiveKit nor Storj', async () => {
  await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Idle' } })
  await stage.cron()
  await stage.cron()
  const { d1, tended } = stage.logs().findLast(({ route }) => route === 'schedule')
  assert.equal(tended, 0)
  // A row or two for each table and duty: D1 counts one for every index that it finds empty, and there is one of RETENTION_DAYS.
  assert.ok(d1.trips <= 3 && d1.read <= 32, JSON.stringify(d1))
})

test('/healthz tells how long ago the schedule ran and a webhook came', async () => {
  const never = (await stage.api('GET', '/healthz')).body
  assert.deepEqual([never.ok, never.scheduleAgeSeconds, never.webhookAgeSeconds], [true, null, null])
  await p.host('talk')
  await waitFor(async () => (await stage.sql('SELECT count(*) AS n FROM webhook_events'))[0].n >= 4)
  await p.settled(200)
  await stage.cron()
  await p.ages(10 * minute)
  const { status, body } = await stage.api('GET', '/healthz')
  assert.deepEqual([status, body.ok, body.scheduleLate], [200, true, true])
  for (const age of [body.scheduleAgeSeconds, body.webhookAgeSeconds]) assert.ok(age >= 600 && age < 620, `${age}`)
  await stage.cron()
  assert.equal((await stage.api('GET', '/healthz')).body.scheduleLate, false)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
