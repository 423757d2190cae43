// Rooms are recorded with the guide's seven events alone, with events that get lost, and with no webhook set up at all.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from './harness/harness.mjs'
import { pause, staged } from './harness/play.mjs'

const guides = ['room_started', 'room_finished', 'egress_started', 'egress_ended', 'egress_failed', 'participant_joined', 'participant_left']

/** Ends the stream and waits for its recording. */
async function finish({ p, stage }, streamId, egressId) {
  assert.equal((await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })).status, 200)
  const recording = await p.ready(egressId)
  await p.until(streamId, (stream) => stream.status === 'ended' && stream.recording.status === 'complete')
  return recording
}

staged('with the guide’s seven events', { webhookEvents: guides }, (scene) => {
  test('the Worker looks until the host publishes, and records from then on', async () => {
    const { p, stage } = scene
    const { streamId } = await p.host('talk', { record: true, publish: false })
    await pause(1_000)
    assert.deepEqual(await p.egresses(), [])
    assert.equal((await p.stream(streamId)).status, 'created', 'nobody publishes')
    await stage.dev('/dev/publish', { room: 'talk', identity: 'alice' })
    const stream = await p.until(streamId, 'recording')
    assert.equal(stream.status, 'live')
    assert.ok(!(await p.hooks()).some(({ event }) => event === 'track_published'), 'nobody told it')
    const recording = await finish(scene, streamId, stream.recording.egressId)
    assert.ok(recording.durationMs > 0)
    assert.equal((await p.egresses('talk')).length, 1)
  })

  test('a host who publishes at once is recorded too', async () => {
    const { p } = scene
    const { streamId } = await p.host('quick', { record: true })
    const { recording } = await p.until(streamId, 'recording')
    await finish(scene, streamId, recording.egressId)
  })

  test('when all leave, the room closes and the recording ends by itself', async () => {
    const { p } = scene
    const { streamId } = await p.host('leaving', { record: true })
    const { recording } = await p.until(streamId, 'recording')
    await p.leave('leaving', 'alice')
    await p.until(streamId, (stream) => stream.status === 'created')
    await p.until(streamId, (stream) => stream.status === 'ended')
    await p.ready(recording.egressId)
  })
})

staged('when the background is cut off and events are lost', {}, (scene) => {
  test('the schedule finds the host publishing, and starts', async () => {
    const { p, stage } = scene
    // What a cut-off leaves: the room is known, and nobody said who came and what they publish.
    await p.faults({ drop_webhooks: ['participant_joined', 'track_published'] })
    const { streamId } = await p.host('talk', { record: true, publish: false })
    await p.settled()
    await stage.dev('/dev/publish', { room: 'talk', identity: 'alice' })
    await p.settled()
    assert.deepEqual(await p.egresses(), [])
    await p.cronAfter(60_000)
    const stream = await p.until(streamId, 'recording')
    assert.equal(stream.status, 'live')
    assert.equal((await p.egresses()).length, 1)
  })

  test('the schedule finds a room of whose opening no word came', async () => {
    const { p } = scene
    await p.faults({ drop_webhooks: ['room_started', 'participant_joined', 'track_published'] })
    const { streamId } = await p.host('unheard', { record: true })
    await p.cronAfter(60_000)
    await p.cronAfter(60_000)
    const stream = await p.until(streamId, 'recording')
    assert.equal(stream.status, 'live')
  })
})

staged('with no webhook in LiveKit’s dashboard', { webhookEvents: ['none'] }, (scene) => {
  test('a click records from start to end: the request brings its own webhook', async () => {
    const { p, stage } = scene
    const { streamId } = await p.host('talk')
    const { status, body } = await p.start('talk')
    assert.equal(status, 200)
    const stream = await p.until(streamId, 'recording')
    assert.equal(stream.status, 'live')
    const [job] = await p.egresses()
    assert.deepEqual(job.room_composite.webhooks.map(({ url }) => url), [`${stage.worker}/livekit-webhook`])
    const { body: stopped } = await p.stop({ egressId: body.egressId })
    assert.deepEqual(stopped.stopped, [body.egressId])
    assert.equal((await p.ready(body.egressId)).streamId, streamId)
    assert.deepEqual([...new Set((await p.hooks()).map(({ event }) => event))].sort(), ['egress_ended', 'egress_started', 'egress_updated'])
    await waitFor(async () => (await p.room('talk')) !== undefined)
  })

  test('a recording that is on when the stream is ended is kept', async () => {
    const { p } = scene
    const { streamId } = await p.host('second')
    const { body } = await p.start('second')
    await p.until(streamId, 'recording')
    await finish(scene, streamId, body.egressId)
    assert.equal(await p.room('second'), undefined)
  })
})
