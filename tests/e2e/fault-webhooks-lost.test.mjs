// Webhooks that are lost for good, one kind at a time, then all: after a few runs of the schedule the rows are those of a
// broadcast of which every word came.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { broadcast, endsAsItWas, words } from './harness/broadcast.mjs'
import { waitFor } from './harness/harness.mjs'
import { atLiveKit, emptied, faultStage } from './harness/truth.mjs'

let scene
let p

before(async () => {
  scene = await faultStage()
  p = scene.p
})
beforeEach(() => emptied(scene.stage))
after(() => scene?.stage.stop())

const minute = 60_000

/** Of the host's coming nobody tells: the schedule looks. */
const looks = async () => {
  await p.settled()
  for (let n = 0; n < 2; n++) await p.cronAfter(minute)
}

for (const word of words) {
  test(word, async () => {
    const unheard = ['room_started', 'participant_joined', 'track_published'].includes(word)
    const made = await broadcast(scene, [{ on: word, lose: true }], unheard ? looks : undefined)
    // Of a viewer who came and went between two looks the word of the going tells; of a peak, none does.
    await endsAsItWas(scene, made, { unique: word === 'participant_joined' ? null : 1 })
  })
}

test('all of them', async () => endsAsItWas(scene, await broadcast(scene, [{ lose: true }], looks), { unique: null }))

test('a viewer’s going: gone at the next look', async () => {
  const { streamId } = await p.host('show')
  const bob = await p.viewer('show')
  await p.viewer('show', 'carol')
  await p.until(streamId, ({ viewerCount }) => viewerCount === 2)
  await p.faults({ webhooks: [{ on: 'participant_left', lose: true }] })
  await p.leave('show', bob)
  await p.settled()
  assert.equal((await p.stream(streamId)).viewerCount, 2)
  await p.cronAfter(6 * minute)
  const stream = await p.stream(streamId)
  assert.deepEqual([stream.viewerCount, stream.peakViewers, stream.uniqueViewers], [1, 2, 2])
})

test('LiveKit’s clock is off by 20 minutes: its webhooks are refused, and the schedule makes up for all of them', async () => {
  await p.faults({ livekit_clock_s: -20 * 60 })
  const { streamId } = await p.host('show', { record: true })
  await waitFor(async () => (await p.hooks()).some(({ status }) => status === 401))
  await looks()
  const { recording } = await p.until(streamId, ({ recording }) => recording.egressId)
  await atLiveKit(p, recording.egressId, 'EGRESS_ACTIVE')
  await p.cronAfter(minute)
  assert.equal((await p.stream(streamId)).recording.status, 'recording')
  await p.leave('show', 'alice')
  await atLiveKit(p, recording.egressId, 'EGRESS_COMPLETE')
  await waitFor(async () => (await p.rooms()).length === 0)
  assert.deepEqual([...new Set((await p.hooks()).map(({ status }) => status))], [401])
  await p.cronAfter(6 * minute)
  await endsAsItWas(scene, { streamId, egressId: recording.egressId }, { unique: 0 })
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
