// POST /livekit-egress: one recorder however often it is asked for, and a wish that lasts until it comes true.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'

let stage
let p

before(async () => {
  stage = await start()
  p = play(stage)
})
beforeEach(() => stage.reset())
after(() => stage?.stop())

const retried = 100_000 // Longer than an unknown outcome is looked for.

test('a start answers with egress, whole object key, status and what is in force', async () => {
  const { streamId } = await p.host('talk')
  const { status, body } = await p.start('talk', { quality: '4k', layout: 'grid-dark' })
  assert.equal(status, 200)
  assert.equal(body.success, true)
  assert.match(body.egressId, /^EG_/)
  assert.match(body.filename, /^livekit-recordings\/alice\/talk_\d{13}\.mp4$/)
  assert.match(body.status, /^(starting|recording)$/)
  assert.ok(body.message)
  const [job] = await p.egresses()
  assert.equal(job.egress_id, body.egressId)
  assert.equal(job.room_composite.file_outputs[0].filepath, body.filename)
  assert.equal(job.room_composite.layout, 'grid-dark')
  assert.equal(job.room_composite.advanced.width, 3840)
  await p.until(streamId, 'recording')
})

test('a double click starts one recorder, and both get the same egress', async () => {
  await p.host('talk')
  const answers = await Promise.all([p.start('talk'), p.start('talk')])
  assert.deepEqual(answers.map(({ status }) => status), [200, 200])
  assert.equal(answers[0].body.egressId, answers[1].body.egressId)
  assert.equal(answers[0].body.filename, answers[1].body.filename)
  assert.equal((await p.egresses()).length, 1)
})

test('ten at once start one recorder: the same egress, or 202 for who did not wait', async () => {
  const { streamId } = await p.host('talk')
  const answers = await Promise.all(Array.from({ length: 10 }, () => p.start('talk')))
  for (const { status, body } of answers) assert.ok(status === 200 || (status === 202 && body.egressId === ''), JSON.stringify(body))
  await p.until(streamId, 'recording')
  await p.settled()
  const [job, ...others] = await p.egresses()
  assert.deepEqual(others, [])
  assert.deepEqual([...new Set(answers.filter(({ status }) => status === 200).map(({ body }) => body.egressId))], [job.egress_id])
})

test('a click while the recording starts by itself does not start another', async () => {
  const { streamId } = await p.host('talk', { record: true })
  const answers = await Promise.all([p.start('talk'), p.start('talk'), p.start('talk')])
  for (const { status } of answers) assert.ok(status === 200 || status === 202)
  await p.until(streamId, 'recording')
  await p.settled()
  assert.equal((await p.egresses()).length, 1)
})

test('asked again with other wishes it is the same egress, and the answer says what is in force', async () => {
  const { streamId } = await p.host('talk')
  const first = await p.start('talk', { quality: '720p', layout: 'grid' })
  await p.until(streamId, 'recording')
  const again = await p.start('talk', { quality: '4k', layout: 'speaker', audioOnly: true })
  assert.equal(again.status, 200)
  const { egressId, filename, quality, layout, audioOnly, status } = again.body
  assert.deepEqual({ egressId, filename }, { egressId: first.body.egressId, filename: first.body.filename })
  assert.deepEqual({ quality, layout, audioOnly, status }, { quality: '720p', layout: 'grid', audioOnly: false, status: 'recording' })
  assert.equal((await p.egresses()).length, 1)
})

test('after a stop, a start makes a new egress with a new file, and both files are kept', async () => {
  const { streamId } = await p.host('talk')
  const first = await p.start('talk')
  await p.until(streamId, 'recording')
  assert.equal((await p.stop({ egressId: first.body.egressId })).status, 200)
  const second = await p.start('talk')
  assert.equal(second.status, 200)
  assert.notEqual(second.body.egressId, first.body.egressId)
  assert.notEqual(second.body.filename, first.body.filename)
  await p.until(streamId, 'recording')
  await p.stop({ roomName: 'talk' })
  const parts = [await p.ready(first.body.egressId), await p.ready(second.body.egressId)]
  assert.deepEqual(parts.map(({ part }) => part), [1, 2])
  assert.deepEqual((await p.objects()).map(({ key }) => key).filter((key) => parts.some(({ filename }) => filename === key)).length, 2)
})

test('no recorder free: 202 without an egress, and the schedule starts it when there is one', async () => {
  const { streamId } = await p.host('talk')
  await p.faults({ start: 'unavailable' })
  const { status, body } = await p.start('talk')
  assert.equal(status, 202)
  assert.deepEqual([body.success, body.egressId, body.filename], [true, '', ''])
  assert.equal((await p.egresses()).length, 0)
  assert.match((await p.stream(streamId)).recording.status, /^(requested|starting)$/)
  assert.ok((await p.stream(streamId)).recording.error)
  await p.faults({ reset: true })
  await p.cronAfter(retried)
  await p.cronAfter(60_000)
  const stream = await p.until(streamId, 'recording')
  assert.equal(stream.recording.error, null)
  assert.equal((await p.egresses()).length, 1)
})

test('at LiveKit’s limit: 202, and it starts once the limit is gone', async () => {
  const { streamId } = await p.host('talk')
  await p.faults({ start: 'resource_exhausted' })
  const { status, body } = await p.start('talk')
  assert.deepEqual([status, body.egressId, body.status], [202, '', 'requested'])
  assert.match((await p.stream(streamId)).recording.error, /limit/)
  await p.cronAfter(60_000)
  assert.equal((await p.egresses()).length, 0)
  await p.faults({ reset: true })
  await p.cronAfter(5 * 60_000)
  await p.until(streamId, 'recording')
  assert.equal((await p.recordings()).length, 0, 'the refused attempt left no recording')
})

test('LiveKit fails inside: 202, and what it may have begun is looked for before another start', async () => {
  const { streamId } = await p.host('talk')
  await p.faults({ start: 'internal', times: 1 })
  assert.equal((await p.start('talk')).status, 202)
  await p.cronAfter(20_000)
  assert.equal((await p.egresses()).length, 0, 'unknown for less than 90 s: not started anew')
  await p.cronAfter(retried)
  await p.cronAfter(60_000)
  await p.until(streamId, 'recording')
  assert.equal((await p.egresses()).length, 1)
})

test('LiveKit refuses the key: 502 with our words, none of LiveKit’s, and nothing is left to start', async () => {
  const { streamId } = await p.host('talk')
  await p.faults({ start: 'unauthenticated' })
  const { status, body, text } = await p.start('talk')
  assert.deepEqual([status, body.success, body.code], [502, false, 'livekit_refused'])
  assert.match(body.hint, /LIVEKIT_API_KEY/)
  assert.ok(!/eyJ|permissions denied/.test(text), text)
  assert.match((await p.stream(streamId)).recording.error, /LIVEKIT_API_KEY/)
  await p.faults({ reset: true })
  await p.cronAfter(10 * 60_000)
  assert.equal((await p.egresses()).length, 0, 'a refused click is not made up for later')
})

test('the stream is there and its room is not: 202, and it starts when the room opens', async () => {
  const { body: stream } = await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Later', roomName: 'later' } })
  const { status, body } = await p.start('later', { streamId: stream.id })
  assert.deepEqual([status, body.egressId, body.status, body.streamId], [202, '', 'requested', stream.id])
  assert.equal((await p.egresses()).length, 0)
  await p.host('later', { publish: false })
  await waitFor(async () => (await p.egresses()).length === 1)
  await stage.dev('/dev/publish', { room: 'later', identity: 'alice' })
  await p.until(stream.id, 'recording')
})

test('a wish that no room met within an hour is over', async () => {
  const { body: stream } = await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Never', roomName: 'never' } })
  await p.start('never')
  await p.cronAfter(61 * 60_000)
  assert.equal((await p.stream(stream.id)).recording.status, 'none')
  await p.host('never')
  await p.settled()
  assert.equal((await p.egresses()).length, 0)
})

test('neither stream nor room: 404, and the hint names the setting', async () => {
  for (const caller of [{ user: 'alice' }, { user: 'root', admin: true }]) {
    const { status, body } = await p.start('nowhere', caller)
    assert.deepEqual([status, body.code], [404, 'room_not_found'])
    assert.match(body.hint, /RECORD_FOREIGN_ROOMS/)
  }
})

test('a streamId of another room is 409, and nothing starts', async () => {
  const { streamId } = await p.host('talk')
  const { body: other } = await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Other', roomName: 'other' } })
  for (const wrong of [{ room: 'talk', streamId: other.id }, { room: 'other', streamId }, { room: 'talk', streamId: 'of-nobody' }]) {
    const { status, body } = await p.start(wrong.room, { streamId: wrong.streamId })
    assert.deepEqual([status, body.code], [409, 'stream_mismatch'], JSON.stringify(wrong))
  }
  assert.equal((await p.egresses()).length, 0)
  assert.equal((await p.start('talk', { streamId })).status, 200)
})

test('only the owner and admins start: others see whose it is, or nothing if it is private', async () => {
  await p.host('talk')
  await p.host('secret', { visibility: 'private' })
  assert.deepEqual((({ status, body }) => [status, body.code])(await p.start('talk', { user: 'bob' })), [403, 'not_owner'])
  assert.deepEqual((({ status, body }) => [status, body.code])(await p.start('secret', { user: 'bob' })), [404, 'room_not_found'])
  assert.equal((await p.egresses()).length, 0)
  assert.equal((await p.start('talk', { user: 'root', admin: true })).status, 200)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
