// D1 fails while a webhook is filed: LiveKit is told to send it again, and its effect is there once. What LiveKit has
// given up to send is mended by the schedule.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { d1Of, faultyD1, lasting, passing } from './harness/faulty-d1.mjs'
import { start, waitFor } from './harness/harness.mjs'
import { eventId, play, roomEvent } from './harness/play.mjs'

let stage
let p
let d1

before(async () => {
  stage = await start({ around: faultyD1, speed: 20 })
  p = play(stage)
  d1 = d1Of(stage)
})
beforeEach(async () => {
  await d1.heal()
  await stage.reset()
})
after(() => stage?.stop())

const filing = 'INSERT INTO webhook_events'

/** What the receiver answered to each try of the webhooks of that name about somebody. */
const answers = async (event, identity) =>
  (await p.hooks()).filter((hook) => hook.event === event && (!identity || hook.body.includes(`"${identity}`))).map(({ status }) => status)

for (const [name, { tries, ...rule }] of Object.entries({
  'before it is committed': { after: false, message: lasting, tries: [503, 200] },
  'after it is committed': { after: true, message: lasting, tries: [503, 200] },
  'before, in passing: tried again at once': { after: false, message: passing, tries: [200] },
  'after, in passing: the repetition changes nothing': { after: true, message: passing, tries: [200] },
  'three times, then LiveKit tries again': { after: true, message: passing, times: 3, tries: [503, 200] },
  'on the fifth try LiveKit gets through': { after: true, message: lasting, times: 4, tries: [503, 503, 503, 503, 200] },
})) {
  test(`a viewer’s coming, ${name}: counted once`, async () => {
    const { streamId } = await p.host('talk')
    await p.settled()
    await d1.fail({ on: filing, ...rule })
    const identity = await p.viewer('talk')
    await waitFor(async () => (await answers('participant_joined', identity)).includes(200))
    assert.deepEqual(await answers('participant_joined', identity), tries)
    const { failed } = await d1.counts()
    assert.equal(failed, rule.times ?? 1)
    const stream = await p.stream(streamId)
    assert.deepEqual([stream.viewerCount, stream.peakViewers, stream.uniqueViewers], [1, 1, 1])
    const [{ n }] = await stage.sql("SELECT count(*) AS n FROM webhook_events WHERE event = 'participant_joined'")
    assert.equal(n, 2, 'the host’s and the viewer’s, each once')
  })
}

test('D1 is away for a whole broadcast: every word is lost, and the schedule makes up for it', async () => {
  const { streamId } = await p.host('talk', { record: true })
  await p.until(streamId, 'recording')
  const identity = await p.viewer('talk')
  await p.until(streamId, ({ viewerCount }) => viewerCount === 1)
  const [{ egress_id: egressId }] = await p.egresses()
  await d1.fail({ times: null })
  await p.leave('talk', identity)
  await p.leave('talk', 'alice')
  await waitFor(async () => (await p.egresses())[0].status === 'EGRESS_COMPLETE')
  // Five tries of each, and nothing but 503.
  await waitFor(async () => (await answers('egress_ended')).length >= 5)
  assert.deepEqual([...new Set(await answers('egress_ended'))], [503])
  await p.settled(600)
  await d1.heal()
  assert.deepEqual([(await p.stream(streamId)).status, (await p.stream(streamId)).viewerCount], ['live', 1])
  for (let n = 0; n < 3; n++) await p.cronAfter(6 * 60_000)
  const stream = await p.stream(streamId)
  assert.deepEqual([stream.status, stream.viewerCount, stream.recording.status], ['ended', 0, 'complete'])
  await p.ready(egressId)
  assert.equal((await p.recordings()).length, 1)
})

test('what was refused for D1’s sake is a 503 with a code, and tells nothing of D1', async () => {
  await d1.fail({ times: null })
  const { status, body } = await p.webhook({ ...roomEvent('room_started', { name: 'talk', sid: 'RM_x' }), id: eventId() })
  assert.deepEqual([status, body.success, body.code], [503, false, 'database_unavailable'])
  // Not the request's id: random hex digits have a `d1` in them one time in nine.
  const words = JSON.stringify({ ...body, requestId: undefined })
  assert.ok(!/D1|overload|SQL/i.test(words), words)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
