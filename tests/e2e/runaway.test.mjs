// What would run away is stopped by itself and says why; what one user may do is bounded, and each refusal names its limit.

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start, waitFor } from './harness/harness.mjs'
import { eventId, play, roomEvent } from './harness/play.mjs'

const minute = 60_000

describe('recordings that would go on for ever', () => {
  let stage, p
  before(async () => {
    stage = await start({ vars: { MAX_RECORDING_MINUTES: '30', MAX_RECORDINGS_PER_USER: '2' } })
    p = play(stage)
  })
  beforeEach(() => stage.reset())
  after(() => stage?.stop())

  async function recording() {
    const { streamId, identity } = await p.host('talk', { record: true })
    const { recording } = await p.until(streamId, 'recording')
    return { streamId, identity, egressId: recording.egressId }
  }

  test('MAX_RECORDING_MINUTES: stopped for good, its file kept, and recording.error names the limit', async () => {
    const { streamId, egressId } = await recording()
    await p.cronAfter(28 * minute)
    assert.equal((await p.stream(streamId)).recording.status, 'recording')
    await p.cronAfter(3 * minute)
    const stream = await p.until(streamId, 'complete')
    assert.match(stream.recording.error, /MAX_RECORDING_MINUTES/)
    await p.ready(egressId)
    await p.cronAfter(10 * minute)
    assert.equal((await p.egresses()).length, 1, 'the host still publishes, and it does not go on')
  })

  test('nobody publishes for five minutes: stopped, says so, and goes on when the host is back', async () => {
    const { streamId, identity, egressId } = await recording()
    await p.viewer('talk')
    await p.leave('talk', identity)
    await p.until(streamId, (stream) => stream.status === 'created')
    await p.cronAfter(4 * minute)
    assert.equal((await p.stream(streamId)).recording.status, 'recording')
    await p.cronAfter(2 * minute)
    const stream = await p.until(streamId, 'complete')
    assert.match(stream.recording.error, /nobody published.*5 minutes/)
    await p.ready(egressId)
    await p.host('talk')
    await p.until(streamId, (now) => now.recording.status === 'recording' && now.recording.egressId !== egressId)
  })

  test('MAX_RECORDINGS_PER_USER: the third is 429 with Retry-After and starts nothing', async () => {
    for (const room of ['one', 'two']) {
      await p.host(room)
      assert.equal((await p.start(room)).status, 200)
    }
    await p.host('three')
    const refused = await p.start('three')
    assertRefused(refused, 429, 'too_many_recordings')
    assert.match(refused.body.message + refused.body.hint, /at most 2.*MAX_RECORDINGS_PER_USER/)
    assert.equal(refused.headers.get('retry-after'), '60')
    assert.equal((await p.egresses()).length, 2)
    await p.stop({ roomName: 'one' })
    assert.equal((await p.start('three')).status, 200, 'an ending one does not count')
  })

  test('no line of the log tells a secret', () => p.tellsNoSecret())
})

describe('cost guards by Cloudflare’s rate-limiting bindings', () => {
  let stage, p
  before(async () => {
    stage = await start({ limited: true })
    p = play(stage)
  })
  after(() => stage?.stop())

  test('starts: the 21st in a minute is 429 with Retry-After and names the binding; others have counts of their own', async () => {
    await p.host('talk')
    const statuses = []
    let refused
    for (let n = 0; n < 21; n++) {
      const answer = await p.start('talk')
      statuses.push(answer.status)
      if (answer.status === 429) refused = answer
    }
    // The counter's minute may turn in between, once.
    assert.deepEqual(statuses.slice(0, 20), Array(20).fill(200))
    if (!refused) for (let n = 0; n < 20 && !refused; n++) refused = await p.start('talk').then((answer) => (answer.status === 429 ? answer : undefined))
    assertRefused(refused, 429, 'rate_limited')
    assert.match(refused.body.message, /RATE_STARTS/)
    assert.equal(refused.headers.get('retry-after'), '60')
    assert.equal((await p.start('talk', { user: 'bob' })).status, 403, 'bob is refused for another reason')
    assert.equal((await p.stop({ roomName: 'talk' })).status, 200, 'a stop is never refused')
  })

  test('tokens: the 61st in a minute is 429 with Retry-After and names the binding, and makes no stream', async () => {
    const ask = (n, user = 'dave') => stage.api('POST', '/livekit-token', { user, body: { roomName: `${user}-${n}`, role: 'host' } })
    let given = 0
    let refused
    // The counter's minute may turn in between, once.
    while (!refused && given <= 120) {
      const answer = await ask(given)
      if (answer.status === 201) given += 1
      else refused = answer
    }
    assert.ok(refused, `${given} tokens and no refusal`)
    assertRefused(refused, 429, 'rate_limited')
    assert.match(refused.body.message, /RATE_TOKENS/)
    assert.equal(refused.headers.get('retry-after'), '60')
    assert.ok(given >= 60, `refused after ${given}`)
    assert.deepEqual(await stage.sql("SELECT count(*) AS made FROM live_streams WHERE owner_id = 'dave'"), [{ made: given }])
    assert.equal((await ask(0, 'erin')).status, 201, 'others have counts of their own')
    const other = await stage.api('PATCH', '/api/streams/nothing', { user: 'dave', body: { title: 'x' } })
    assertRefused(other, 404, 'stream_not_found', 'what is no token is counted by itself')
  })

  test('writes are counted, reads and webhooks never', async () => {
    const made = () => stage.api('PATCH', '/api/streams/nothing', { user: 'carol', body: { title: 'x' } })
    const refused = await waitFor(async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, made))
      return answers.find(({ status }) => status === 429)
    })
    assert.match(refused.body.message, /RATE_WRITES/)
    assert.equal((await stage.api('GET', '/api/streams', { user: 'carol' })).status, 200)
    const room = { name: 'elsewhere', sid: 'RM_elsewhere' }
    const taken = await Promise.all(Array.from({ length: 150 }, () => p.webhook({ ...roomEvent('room_started', room), id: eventId() })))
    assert.deepEqual([...new Set(taken.map(({ status }) => status))], [200])
  })
})
