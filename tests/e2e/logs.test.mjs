// One structured line a request: enough to see why a recording is where it is, nothing that must stay secret.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'

let stage
let p
const seen = {}

before(async () => {
  stage = await start()
  p = play(stage)
  // A broadcast with all that can be said of one: joins, start, stop, storage, playback, refusals.
  const { streamId, sid } = await p.host('show', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  await p.viewer('show')
  await p.start('nowhere')
  await p.faults({ start: 'unauthenticated' })
  await p.stop({ egressId: recording.egressId })
  const file = await p.ready(recording.egressId)
  await p.start('show')
  await stage.api('GET', `/api/recordings/${file.id}/playback`, { user: 'alice' })
  await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
  await stage.cron()
  await p.settled()
  Object.assign(seen, { streamId, sid, egressId: recording.egressId })
})
after(() => stage?.stop())

const lines = (route) => stage.logs().filter((line) => line.route === route)
const isCount = (d1) => ['trips', 'read', 'written'].every((name) => Number.isInteger(d1[name])) && Object.keys(d1).length === 3

test('each request has one line, found by the id that its answer carries', async () => {
  const answer = await stage.api('GET', '/api/streams')
  const id = answer.headers.get('x-request-id')
  const own = await waitFor(() => stage.logs().filter(({ request_id }) => request_id === id))
  assert.equal(own.length, 1)
  const ids = stage.logs().map(({ request_id }) => request_id).filter(Boolean)
  assert.equal(new Set(ids).size, ids.length)
})

test('every line says route, status, milliseconds, D1’s round trips and rows, and what was decided', () => {
  for (const line of stage.logs()) {
    const text = JSON.stringify(line)
    assert.ok(line.route, text)
    if (line.route !== 'schedule') assert.ok(line.request_id && line.status >= 200, text)
    assert.ok(Number.isInteger(line.ms) && isCount(line.d1) && Array.isArray(line.decided), text)
    if ('background_ms' in line) assert.ok(isCount(line.background_d1), text)
  }
})

test('a webhook’s line names event, room, session, stream and egress', () => {
  const events = lines('POST /livekit-webhook')
  const of = (event) => events.filter((line) => line.event === event)
  for (const line of events) assert.match(line.event_id, /^EV_/)
  for (const event of ['room_started', 'participant_joined', 'track_published', 'egress_started', 'egress_updated', 'egress_ended', 'room_finished']) {
    assert.ok(of(event).length > 0, event)
    for (const line of of(event)) assert.deepEqual([line.room, line.session], ['show', seen.sid], JSON.stringify(line))
  }
  for (const event of ['egress_started', 'egress_ended']) for (const line of of(event)) assert.equal(line.egress_id, seen.egressId)
  assert.ok(of('egress_ended').some((line) => line.stream === seen.streamId))
})

test('a webhook costs one round trip to D1 before its answer', () => {
  const events = lines('POST /livekit-webhook')
  assert.ok(events.length > 10)
  for (const line of events) assert.equal(line.d1.trips, 1, JSON.stringify(line))
})

test('what was decided can be read: proof of the key, start, stop, file', () => {
  const decided = stage.logs().flatMap((line) => line.decided ?? []).join('\n')
  for (const told of [/storage key can write/, /LiveKit took it/, /LiveKit stops EG_/, /file is there: ready/, /the room is closed/, /at rest/])
    assert.match(decided, told)
})

test('a refusal’s line has its code', () => {
  const codes = stage.logs().filter(({ status }) => status >= 400).map(({ status, code }) => `${status} ${code}`)
  assert.deepEqual(codes.sort(), ['404 room_not_found', '502 livekit_refused'])
})

test('a start’s line has room, stream and egress', async () => {
  await p.faults({ reset: true })
  const { streamId } = await p.host('second')
  const { body, headers } = await p.start('second')
  const line = stage.logs().find(({ request_id }) => request_id === headers.get('x-request-id'))
  assert.deepEqual([line.room, line.stream, line.egress_id, line.user], ['second', streamId, body.egressId, 'alice'])
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
