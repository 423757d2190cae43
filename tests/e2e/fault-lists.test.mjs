// LiveKit's lists are spoilt in each way, or empty once, and so is its answer to closing a room: nothing ends but what has
// ended.

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { waitFor } from './harness/harness.mjs'
import { done, notDone } from './harness/spoilt.mjs'
import { emptied, faultStage, isTrue, recorded } from './harness/truth.mjs'

let stage
let p

before(async () => ({ stage, p } = await faultStage()))
beforeEach(() => emptied(stage))
after(() => stage?.stop())

const minute = 60_000
const seen = async (streamId) => (({ status, viewerCount, recording }) => [status, viewerCount, recording.status])(await p.stream(streamId))

/** Everything goes on: the same egress, and its recording once it is stopped. */
async function goesOn({ streamId, egressId }) {
  assert.deepEqual(await seen(streamId), ['live', 1, 'recording'])
  assert.equal((await p.egresses()).length, 1)
  await p.stop({ egressId })
  assert.equal((await p.ready(egressId)).partial, false)
  await isTrue(p, stage)
}

describe('the answer to every list', () => {
  for (const [name, rule] of Object.entries(notDone).filter(([, { delay_ms: slow }]) => !slow)) {
    test(`${name}, for half an hour: nothing is concluded from it`, async () => {
      const made = await recorded(p, 'talk', { viewer: 'bob' })
      await p.faults({ calls: [{ on: 'List', ...rule }] })
      for (let n = 0; n < 5; n++) await p.cronAfter(6 * minute)
      assert.deepEqual(await seen(made.streamId), ['live', 1, 'recording'])
      await p.faults({ reset: true })
      await p.cronAfter(6 * minute)
      await goesOn(made)
    })
  }

  test('comes after 3 s: it counts', async () => {
    const { streamId } = await recorded(p)
    await p.faults({ drop_webhooks: ['room_finished', 'participant_left', 'track_unpublished', 'egress_updated', 'egress_ended'] })
    await p.admin.deleteRoom('talk')
    await p.settled()
    await p.faults({ calls: [{ on: 'List', delay_ms: 3_000 }] })
    for (const wait of [6 * minute, 3 * minute]) await p.cronAfter(wait)
    const stream = await p.stream(streamId)
    assert.deepEqual([stream.status, stream.recording.status], ['ended', 'complete'])
    await isTrue(p, stage)
  })
})

for (const list of ['ListRooms', 'ListParticipants', 'ListEgress']) {
  test(`${list} is empty once, as of a server that has just started: nothing ends`, async () => {
    const made = await recorded(p, 'talk', { viewer: 'bob' })
    await p.faults({ calls: [{ on: list, times: 1, status: 200 }] })
    await p.cronAfter(6 * minute)
    const { calls: [{ times: left }] } = await p.faults({})
    assert.equal(left, 0, 'it was asked for')
    assert.deepEqual(await seen(made.streamId), ['live', 1, 'recording'])
    await p.cronAfter(3 * minute)
    await goesOn(made)
  })
}

describe('the answer to closing the room', () => {
  for (const [name, rule] of Object.entries({ ...notDone, ...done })) {
    test(name, async () => {
      const { streamId, egressId } = await recorded(p)
      await p.faults({ calls: [{ on: 'DeleteRoom', times: 1, ...rule }] })
      const { status, body } = await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
      assert.deepEqual([status, body.status], [200, 'ended'])
      await p.settled()
      await p.cronAfter(minute)
      await waitFor(async () => (await p.rooms()).length === 0)
      assert.equal((await p.ready(egressId)).partial, false)
      await p.until(streamId, 'complete')
      await isTrue(p, stage)
    })
  }
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
