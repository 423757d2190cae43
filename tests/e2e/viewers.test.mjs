// Who counts as a viewer, and how the numbers move.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { pause, play } from './harness/play.mjs'

let stage
let p

before(async () => {
  stage = await start()
  p = play(stage)
})
beforeEach(() => stage.reset())
after(() => stage?.stop())

const counts = ({ viewerCount, peakViewers, uniqueViewers }) => [viewerCount, peakViewers, uniqueViewers]
/** Waits for viewers present, at most present, and different. */
const until = (id, ...wanted) => p.until(id, (stream) => counts(stream).join() === wanted.join())

test('the count goes up and down, the peak and the number of people stay', async () => {
  const { streamId } = await p.host('show')
  await p.until(streamId, (stream) => stream.status === 'live')
  assert.deepEqual(counts(await p.stream(streamId)), [0, 0, 0])
  const bob = await p.viewer('show', 'bob')
  await until(streamId, 1, 1, 1)
  const carol = await p.viewer('show', 'carol')
  await until(streamId, 2, 2, 2)
  await p.leave('show', bob)
  await until(streamId, 1, 2, 2)
  await p.viewer('show', 'dave')
  await until(streamId, 2, 2, 3)
  await p.viewer('show', 'bob')
  await until(streamId, 3, 3, 3)
  await p.leave('show', carol)
  await until(streamId, 2, 3, 3)
})

test('one person in two tabs is two present and one person', async () => {
  const { streamId } = await p.host('show')
  const [first, second] = [await p.viewer('show', 'bob'), await p.viewer('show', 'bob')]
  assert.notEqual(first, second)
  await until(streamId, 2, 2, 1)
  await p.leave('show', first)
  await until(streamId, 1, 2, 1)
})

test('recorder, agent, ingress, bridge and who hides are no viewers; people on the telephone are', async () => {
  const { streamId } = await p.host('show', { record: true })
  await p.until(streamId, 'recording')
  await p.stranger('show', 'agent', { kind: 'agent' })
  await p.stranger('show', 'camera', { kind: 'ingress' })
  await p.stranger('show', 'bridge', { kind: 'bridge' })
  await p.stranger('show', 'hider', { hidden: true })
  await p.stranger('show', 'telephone', { kind: 'sip' })
  await until(streamId, 1, 1, 1)
  await p.settled()
  assert.deepEqual(counts(await p.stream(streamId)), [1, 1, 1])
  await p.cronAfter(10 * 60_000)
  assert.deepEqual(counts(await p.stream(streamId)), [1, 1, 1], 'and LiveKit’s list does not change that')
  for (const identity of ['agent', 'camera', 'bridge', 'hider']) await p.leave('show', identity)
  await p.settled()
  assert.deepEqual(counts(await p.stream(streamId)), [1, 1, 1])
})

for (const kind of ['ingress', 'agent']) {
  test(`an ${kind} is no viewer when it publishes either`, async () => {
    const { streamId } = await p.host('show')
    await p.until(streamId, (stream) => stream.status === 'live')
    await p.stranger('show', 'machine', { kind, publish: true })
    await p.settled()
    assert.deepEqual(counts(await p.stream(streamId)), [0, 0, 0])
    await p.cronAfter(10 * 60_000)
    assert.deepEqual(counts(await p.stream(streamId)), [0, 0, 0])
  })
}

test('the host is never counted, however often they come', async () => {
  const { streamId } = await p.host('show')
  for (let time = 0; time < 2; time++) {
    await p.leave('show', 'alice')
    await p.host('show')
  }
  await p.viewer('show')
  await until(streamId, 1, 1, 1)
})

test('a connection that is replaced by the same identity counts once', async () => {
  const { streamId } = await p.host('show')
  const { participant_token: token } = await p.token('show', 'bob')
  await stage.dev('/dev/join', { token })
  await stage.dev('/dev/join', { token })
  await until(streamId, 1, 1, 1)
  await p.settled()
  assert.deepEqual(counts(await p.stream(streamId)), [1, 1, 1])
})

test('at the end nobody is present, and the time that was watched is known', async () => {
  const { streamId } = await p.host('show')
  const bob = await p.viewer('show', 'bob')
  await p.viewer('show', 'carol')
  await until(streamId, 2, 2, 2)
  await pause(2_100) // LiveKit tells the time of leaving in whole seconds.
  await p.leave('show', bob)
  const { watchSeconds } = await until(streamId, 1, 2, 2)
  assert.ok(watchSeconds >= 1 && watchSeconds <= 4, `${watchSeconds} s`)
  await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
  const ended = await until(streamId, 0, 2, 2)
  assert.equal(ended.status, 'ended')
  const all = await p.until(streamId, (stream) => stream.watchSeconds > watchSeconds)
  assert.ok(all.watchSeconds <= 10, `${all.watchSeconds} s of two people`)
})

test('lost and doubled events: what LiveKit’s list shows is what is counted', async () => {
  const { streamId } = await p.host('show')
  await p.until(streamId, (stream) => stream.status === 'live')
  await p.faults({ drop_webhooks: ['participant_joined'] })
  const bob = await p.viewer('show', 'bob')
  await p.viewer('show', 'carol')
  await p.faults({ reset: true, duplicate_webhooks: true })
  await p.viewer('show', 'dave')
  await until(streamId, 1, 1, 1)
  await p.cronAfter(10 * 60_000)
  await until(streamId, 3, 3, 3)
  await p.faults({ reset: true, drop_webhooks: ['participant_left'] })
  await p.leave('show', bob)
  await p.cronAfter(10 * 60_000)
  await until(streamId, 2, 3, 3)
})

test('each event costs the same rows, whatever the room’s size', async () => {
  const { streamId } = await p.host('show')
  // The host's own line comes late, with the work that followed behind its answer.
  const lines = () => stage.logs().filter((line) => line.event === 'participant_joined' && line.stream === streamId && !line.background_d1)
  const cost = async (user) => {
    const before = lines().length
    await p.viewer('show', user)
    const line = await waitFor(() => lines()[before])
    return line.d1.read + line.d1.written
  }
  const first = await cost('viewer0')
  for (let n = 1; n < 40; n++) await cost(`viewer${n}`)
  await p.until(streamId, (stream) => stream.viewerCount === 40)
  assert.equal(await cost('viewer40'), first)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())

test('the series tells who was there when, as LiveKit told it, to whom may see the stream', async () => {
  const { streamId } = await p.host('show')
  await p.until(streamId, (stream) => stream.status === 'live')
  const bob = await p.viewer('show', 'bob')
  await p.viewer('show', 'carol')
  await until(streamId, 2, 2, 2)
  await p.leave('show', bob)
  await until(streamId, 1, 2, 2)
  const answer = await stage.api('GET', `/api/streams/${streamId}/viewers`)
  assert.equal(answer.status, 200, answer.text)
  const { stepSeconds, points } = answer.body
  assert.equal(stepSeconds, 10)
  assert.ok(points.length >= 1 && points.length <= 200)
  assert.equal(points.at(-1).viewers, 1)
  assert.ok(points.every(({ at }) => Math.abs(Date.parse(at) - Date.now()) < 120_000 && Date.parse(at) % 10_000 === 0), answer.text)
})

test('somebody who came and went within a step was there in it, and nobody is once it is over', async () => {
  const { streamId } = await p.host('show')
  const bob = await p.viewer('show', 'bob')
  await until(streamId, 1, 1, 1)
  await p.leave('show', bob)
  await until(streamId, 0, 1, 1)
  const series = async () => (await stage.api('GET', `/api/streams/${streamId}/viewers`)).body.points.map(({ viewers }) => viewers)
  assert.equal((await series()).at(-1), 0, 'the last point is now')
  await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
  await p.until(streamId, (stream) => stream.status === 'ended')
  await p.settled()
  const points = await series()
  assert.deepEqual([Math.max(...points), points.at(-1)], [1, 0], points.join())
})

test('hours of a stream are a plot of the same length, in which nobody is lost', async () => {
  const { streamId, sid } = await p.host('show')
  await p.until(streamId, (stream) => stream.status === 'live')
  await p.settled()
  await p.ages(5 * 3_600_000)
  const [{ started_at: began }] = await stage.sql('SELECT started_at FROM sessions WHERE sid = ?', sid)
  // Somebody comes each minute and stays for half an hour.
  await stage.sql(
    `INSERT INTO participants (sid, session_sid, stream_id, identity, role, joined_at, left_at) WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL
    SELECT i + 1 FROM n WHERE i < 269) SELECT 'PA_x' || i, ?, ?, 'x' || i, 'viewer', ${began} + i * 60000, ${began} + (i + 30) * 60000 FROM n`,
    sid,
    streamId,
  )
  const { stepSeconds, points } = (await stage.api('GET', `/api/streams/${streamId}/viewers`)).body
  assert.ok(stepSeconds > 60 && points.length > 100 && points.length <= 200, `${points.length} points ${stepSeconds} s apart`)
  const at = (minutes) => points.find((point) => Date.parse(point.at) >= began + minutes * 60_000).viewers
  for (const minutes of [40, 100, 160, 220, 260]) assert.ok(Math.abs(at(minutes) - 30) <= 2, `${at(minutes)} after ${minutes} minutes`)
  assert.equal(points.at(-1).viewers, 0)
})
