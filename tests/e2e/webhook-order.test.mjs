// The same events in another order, twice, or partly lost: the stored state is the same in the end.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'

let stage
let p

before(async () => {
  stage = await start()
  p = play(stage)
})
after(() => stage?.stop())

const quiet = { drop_webhooks: ['room_started', 'room_finished', 'participant_joined', 'participant_left', 'track_published', 'track_unpublished', 'egress_started', 'egress_updated', 'egress_ended'] }
const shuffles = {
  'in order': (events) => events,
  'backwards': (events) => events.toReversed(),
  'each twice': (events) => events.flatMap((event) => [event, event]),
  'the recorder’s before the room’s': (events) => [...events].sort((a, b) => Number(!a.egressInfo) - Number(!b.egressInfo)),
  'without any but the last of the egress': (events) => events.filter(({ event, egressInfo }) => !egressInfo || event === 'egress_ended'),
  'all at once': (events) => [events],
}

/** A broadcast of which the Worker hears nothing by itself; answers LiveKit's events, each once. */
async function broadcast(room) {
  await p.faults(quiet)
  const before = new Set((await p.hooks()).map(({ id }) => id))
  const { streamId, sid } = await p.host(room)
  const bob = await p.viewer(room, 'bob')
  const { status, body } = await p.start(room)
  assert.equal(status, 200)
  await waitFor(async () => (await p.egresses(room))[0].status === 'EGRESS_ACTIVE')
  await p.leave(room, bob)
  await p.admin.deleteRoom(room)
  await waitFor(async () => (await p.egresses(room))[0].status === 'EGRESS_COMPLETE')
  const events = new Map()
  for (const { id, body: text } of await p.hooks()) if (!before.has(id)) events.set(id, JSON.parse(text))
  return { streamId, sid, egressId: body.egressId, events: [...events.values()] }
}

for (const [name, order] of Object.entries(shuffles)) {
  test(`${name}: one recording, ready; the stream has ended, one viewer was there`, async () => {
    const room = `room-${Object.keys(shuffles).indexOf(name)}`
    const { streamId, sid, egressId, events } = await broadcast(room)
    const names = events.map(({ event }) => event)
    for (const needed of ['room_started', 'participant_joined', 'track_published', 'egress_started', 'egress_updated', 'egress_ended', 'participant_left', 'room_finished'])
      assert.ok(names.includes(needed), needed)
    for (const event of order(events)) {
      const answers = await Promise.all([event].flat().map((one) => p.webhook(one)))
      for (const answer of answers) assert.equal(answer.status, 200)
    }
    await p.settled(200)
    const recording = await p.ready(egressId)
    const stream = await p.stream(streamId)
    assert.deepEqual([stream.status, stream.recording.status, stream.viewerCount, stream.uniqueViewers], ['ended', 'complete', 0, 1])
    assert.equal(recording.partial, false)
    assert.equal((await p.recordings()).filter((one) => one.streamId === streamId).length, 1)
    const [job] = await stage.sql('SELECT heard, inferred, error FROM egresses WHERE egress_id = ?', egressId)
    assert.deepEqual(job, { heard: 3, inferred: 0, error: null })
    const [session] = await stage.sql('SELECT ended_at IS NOT NULL AS ended FROM sessions WHERE sid = ?', sid)
    assert.deepEqual(session, { ended: 1 })
  })
}

test('no line of the log tells a secret', () => p.tellsNoSecret())
