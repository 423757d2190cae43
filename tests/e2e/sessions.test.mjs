// One stream, several lives of its room: what ends it, what opens it again, and what a late word may not touch.

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

const minute = 60_000
const is = (status) => (stream) => stream.status === status

/** A broadcast whose room has closed; answers the webhooks that LiveKit sent. */
async function over(options = {}) {
  const host = await p.host('show', options)
  await p.until(host.streamId, is('live'))
  if (options.record) await p.until(host.streamId, 'recording')
  await p.admin.deleteRoom('show')
  await p.until(host.streamId, is('ended'))
  return host
}

test('live means that the host publishes: not before, and no more once the host has left', async () => {
  const { streamId } = await p.host('show', { publish: false })
  await waitFor(async () => (await stage.sql('SELECT sid FROM participants')).length === 1)
  assert.equal((await p.stream(streamId)).status, 'created')
  await stage.dev('/dev/publish', { room: 'show', identity: 'alice' })
  const live = await p.until(streamId, is('live'))
  assert.ok(live.startedAt)
  await p.viewer('show')
  await p.leave('show', 'alice')
  const left = await p.until(streamId, is('created'))
  assert.equal(left.endedAt, null)
  assert.equal(left.startedAt, live.startedAt)
})

test('who stops publishing and stays is not live either', async () => {
  const { streamId } = await p.host('show')
  await p.until(streamId, is('live'))
  await stage.dev('/dev/unpublish', { room: 'show', identity: 'alice', kind: 'audio' })
  await p.settled()
  assert.equal((await p.stream(streamId)).status, 'live', 'the camera is still on')
  await stage.dev('/dev/unpublish', { room: 'show', identity: 'alice' })
  await p.until(streamId, is('created'))
})

test('the room closes when all have left, and with it the stream and its recording', async () => {
  const { streamId } = await p.host('show', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  await p.leave('show', 'alice')
  const ended = await p.until(streamId, is('ended'))
  assert.ok(ended.endedAt)
  assert.equal((await p.ready(recording.egressId)).partial, false)
})

test('the host’s token within 15 minutes opens the same stream again', async () => {
  const { streamId, sid } = await over()
  await p.ages(14 * minute)
  const again = await p.host('show')
  assert.equal(again.streamId, streamId)
  assert.notEqual(again.sid, sid)
  const live = await p.until(streamId, is('live'))
  assert.equal(live.endedAt, null)
})

test('what was recorded before is recorded again when it opens again, as the next part', async () => {
  const first = await over({ record: true })
  const again = await p.host('show', { record: true })
  assert.equal(again.streamId, first.streamId)
  await waitFor(async () => (await p.egresses()).length === 2)
  await p.until(first.streamId, 'recording')
  await stage.api('POST', `/api/streams/${first.streamId}/end`, { user: 'alice' })
  const parts = await waitFor(async () => {
    const ready = (await p.recordings()).filter(({ status }) => status === 'ready')
    return ready.length === 2 && ready
  })
  assert.deepEqual(parts.map(({ part }) => part).sort(), [1, 2])
  assert.notEqual(parts[0].filename, parts[1].filename)
})

test('the host’s token after 15 minutes makes a new stream, and the old one stays ended', async () => {
  const { streamId } = await over()
  await p.ages(16 * minute)
  const again = await p.host('show')
  assert.notEqual(again.streamId, streamId)
  await p.until(again.streamId, is('live'))
  assert.equal((await p.stream(streamId)).status, 'ended')
})

test('a viewer does not open an ended stream: 409, and an old token brings it back neither', async () => {
  const first = await p.host('show')
  const { participant_token: old } = await p.token('show', 'bob')
  await p.until(first.streamId, is('live'))
  await p.admin.deleteRoom('show')
  await p.until(first.streamId, is('ended'))
  const { status, body } = await stage.api('POST', '/livekit-token', { user: 'bob', body: { roomName: 'show' } })
  assert.deepEqual([status, body.code], [409, 'stream_ended'])
  await stage.dev('/dev/join', { token: old })
  await p.settled()
  const stream = await p.stream(first.streamId)
  assert.deepEqual([stream.status, stream.viewerCount], ['ended', 0])
})

test('ended by its owner: never opened again, the next host token makes a new stream', async () => {
  const { streamId } = await p.host('show', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  const { status, body } = await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
  assert.deepEqual([status, body.status], [200, 'ended'])
  await waitFor(async () => !(await p.room('show')))
  const again = await p.host('show')
  assert.notEqual(again.streamId, streamId)
  await p.until(again.streamId, is('live'))
  await p.ready(recording.egressId)
  await p.settled()
  assert.equal((await p.stream(streamId)).status, 'ended')
  assert.equal((await p.stream(again.streamId)).recording.status, 'none', 'it was not asked to record')
  const twice = await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
  assert.deepEqual([twice.status, twice.body.status], [200, 'ended'])
  assert.ok(await p.room('show'), 'the room’s new life is not closed')
  assert.equal((await p.stream(again.streamId)).status, 'live')
})

test('others may not end it', async () => {
  const { streamId } = await p.host('show')
  assert.equal((await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'bob' })).status, 403)
  assert.equal((await stage.api('POST', `/api/streams/${streamId}/end`)).status, 401)
  assert.ok(await p.room('show'))
})

for (const late of ['room_finished', 'participant_left']) {
  test(`a late ${late} of the life before does not touch the new one`, async () => {
    await p.faults({ drop_webhooks: ['room_finished', 'participant_left'] })
    const { streamId, sid } = await p.host('show', { record: true })
    await p.until(streamId, 'recording')
    await p.admin.deleteRoom('show')
    await p.settled()
    const events = (await p.hooks()).filter(({ event }) => event === late).map(({ body }) => JSON.parse(body))
    assert.ok(events.length > 0 && events.every(({ room }) => room.sid === sid))
    const again = await p.host('show', { record: true })
    assert.equal(again.streamId, streamId)
    await waitFor(async () => (await p.egresses()).length === 2)
    await p.until(streamId, 'recording')
    await p.viewer('show')
    await p.until(streamId, (stream) => stream.viewerCount === 1)
    for (const event of events) assert.equal((await p.webhook(event)).status, 200)
    await p.settled()
    const stream = await p.stream(streamId)
    assert.deepEqual([stream.status, stream.viewerCount, stream.recording.status, stream.endedAt], ['live', 1, 'recording', null])
    assert.equal((await p.egresses()).filter((egress) => egress.status === 'EGRESS_ACTIVE').length, 1)
  })
}

test('no line of the log tells a secret', () => p.tellsNoSecret())
