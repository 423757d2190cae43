// POST /livekit-egress/stop: stopping is always a success for its owner, lasts, and reaches LiveKit in the end.

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

async function recording(room = 'talk', body = {}) {
  const { streamId } = await p.host(room, { record: true, ...body })
  const stream = await p.until(streamId, 'recording')
  return { streamId, egressId: stream.recording.egressId }
}

for (const by of ['egressId', 'roomName']) {
  test(`by ${by}: the egress is stopped, the file follows, the room lives on`, async () => {
    const { streamId, egressId } = await recording()
    const { status, body } = await p.stop(by === 'egressId' ? { egressId } : { roomName: 'talk' })
    assert.equal(status, 200)
    assert.deepEqual([body.success, body.stopped], [true, [egressId]])
    assert.match(body.status, /^(stopping|complete)$/)
    assert.ok(body.message)
    const file = await p.ready(egressId)
    assert.equal(file.partial, false)
    const stream = await p.until(streamId, 'complete')
    assert.equal(stream.status, 'live')
    assert.ok(await p.room('talk'))
  })
}

test('twice at once and once more when it is over: a success each time, one recording', async () => {
  const { streamId, egressId } = await recording()
  const answers = await Promise.all([p.stop({ egressId }), p.stop({ roomName: 'talk' }), p.stop({ egressId })])
  assert.deepEqual(answers.map(({ status, body }) => [status, body.success]), Array(3).fill([200, true]))
  await p.ready(egressId)
  await p.until(streamId, 'complete')
  for (const what of [{ egressId }, { roomName: 'talk' }]) {
    const { status, body } = await p.stop(what)
    assert.deepEqual([status, body.success, body.stopped, body.status], [200, true, [], 'complete'])
  }
  assert.equal((await p.recordings()).length, 1)
})

test('an egress that LiveKit knows and we do not is not ours to stop: 404, and it goes on', async () => {
  const { egressId } = await recording()
  for (const id of ['EG_unknown', `${egressId}x`]) {
    const { status, body } = await p.stop({ egressId: id })
    assert.deepEqual([status, body.code], [404, 'egress_not_found'])
  }
  assert.equal((await p.stop({ roomName: 'no-such-room' })).body.code, 'room_not_found')
  assert.equal((await p.egresses())[0].status, 'EGRESS_ACTIVE')
})

test('others may not stop it: 403, or 404 where it is private', async () => {
  const open = await recording('open')
  const hidden = await recording('hidden', { visibility: 'private' })
  for (const [{ egressId }, roomName, status] of [[open, 'open', 403], [hidden, 'hidden', 404]]) {
    assert.equal((await p.stop({ egressId }, 'bob')).status, status)
    assert.equal((await p.stop({ roomName }, 'bob')).status, status)
  }
  assert.deepEqual((await p.egresses()).map((egress) => egress.status), ['EGRESS_ACTIVE', 'EGRESS_ACTIVE'])
})

test('a stopped recording stays stopped while the host goes on, comes back and asks for another token', async () => {
  const { streamId, egressId } = await recording()
  await p.stop({ roomName: 'talk' })
  await p.ready(egressId)
  await stage.dev('/dev/unpublish', { room: 'talk', identity: 'alice' })
  await stage.dev('/dev/publish', { room: 'talk', identity: 'alice' })
  await p.leave('talk', 'alice')
  await p.host('talk', { record: true })
  await p.settled()
  await p.cronAfter(10 * 60_000)
  assert.equal((await p.egresses()).length, 1)
  assert.equal((await p.stream(streamId)).recording.status, 'complete')
  const again = await p.start('talk')
  assert.equal(again.status, 200, 'until somebody starts again')
})

test('a wish that has not come true is cancelled, and stays so when the room opens and the host publishes', async () => {
  const { streamId } = await p.token('talk', 'alice', { role: 'host', record: true })
  const { status, body } = await p.stop({ roomName: 'talk' })
  assert.deepEqual([status, body.success, body.stopped, body.status], [200, true, [], 'none'])
  await p.host('talk', { publish: false, record: true })
  await stage.dev('/dev/publish', { room: 'talk', identity: 'alice' })
  await p.until(streamId, (stream) => stream.status === 'live')
  await p.settled()
  await p.cronAfter(60_000)
  assert.deepEqual(await p.egresses(), [])
  assert.equal((await p.stream(streamId)).recording.status, 'none')
})

test('a wish that LiveKit has no recorder for is cancelled, and does not come back when there is one', async () => {
  const { streamId } = await p.host('talk')
  await p.faults({ start: 'unavailable' })
  assert.equal((await p.start('talk')).status, 202)
  assert.equal((await p.stop({ roomName: 'talk' })).status, 200)
  await p.faults({ reset: true })
  for (let minute = 0; minute < 4; minute++) await p.cronAfter(60_000)
  assert.deepEqual(await p.egresses(), [])
  assert.notEqual((await p.stream(streamId)).recording.status, 'requested')
})

test('stop while the start is under way: LiveKit records nothing in the end', async () => {
  const { streamId } = await p.host('talk')
  const [started, stopped] = await Promise.all([p.start('talk'), waitFor(async () => (await stage.sql('SELECT id FROM egresses')).length).then(() => p.stop({ roomName: 'talk' }))])
  assert.equal(stopped.status, 200)
  assert.ok([200, 202].includes(started.status))
  await waitFor(async () => (await p.egresses()).every(({ status }) => status === 'EGRESS_ABORTED' || status === 'EGRESS_COMPLETE'))
  await p.until(streamId, ({ recording: { status } }) => status === 'aborted' || status === 'complete')
  await p.cronAfter(60_000)
  assert.equal((await p.egresses()).length, 1)
})

for (const fault of ['unavailable', 'timeout']) {
  test(`a stop that LiveKit does not take (${fault}) is repeated by the schedule`, async () => {
    const { streamId, egressId } = await recording()
    await p.faults({ stop: fault })
    const { status, body } = await p.stop({ egressId })
    assert.deepEqual([status, body.status, body.stopped], [200, 'stopping', [egressId]])
    await p.cronAfter(60_000)
    assert.equal((await p.egresses())[0].status, 'EGRESS_ACTIVE')
    assert.equal((await p.stream(streamId)).recording.status, 'stopping')
    await p.faults({ reset: true })
    await p.cronAfter(60_000)
    await p.ready(egressId)
    await p.until(streamId, 'complete')
  })
}

test('stopped before anybody published: it ends without a recording, and says why', async () => {
  const { streamId } = await p.host('talk', { publish: false })
  const { body } = await p.start('talk')
  assert.equal((await p.stop({ egressId: body.egressId })).status, 200)
  const stream = await p.until(streamId, 'aborted')
  assert.match(stream.recording.error, /nobody published/)
  assert.deepEqual(await p.recordings(), [])
  assert.deepEqual(await p.objects().then((all) => all.filter(({ key }) => key === body.filename)), [])
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
