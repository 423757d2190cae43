// A whole broadcast whose webhooks go wrong on their way, and what it must have left.

import assert from 'node:assert/strict'
import { waitFor } from './harness.mjs'
import { atLiveKit, isTrue } from './truth.mjs'

const minute = 60_000

/** Every kind of webhook that a recorded broadcast has. */
export const words = [
  'room_started',
  'participant_joined',
  'track_published',
  'egress_started',
  'egress_updated EGRESS_ACTIVE',
  'egress_updated EGRESS_ENDING',
  'egress_ended',
  'participant_left',
  'track_unpublished',
  'room_finished',
]

/** Alice records, bob watches, all leave; `meanwhile` is what passes until the recording is under way. */
export async function broadcast({ p }, webhooks, meanwhile = async () => {}) {
  await p.faults({ webhooks })
  const { streamId } = await p.host('show', { record: true })
  await meanwhile()
  const { egress_id: egressId } = await waitFor(async () => (await p.egresses('show')).find(({ status }) => status === 'EGRESS_ACTIVE'))
  const bob = await p.viewer('show')
  await p.settled(150)
  await p.leave('show', bob)
  await p.leave('show', 'alice')
  await atLiveKit(p, egressId, 'EGRESS_COMPLETE')
  await waitFor(async () => (await p.rooms()).length === 0)
  await p.settled()
  return { streamId, egressId }
}

/** The rows of a broadcast of which every word came in order. `unique`, `peak`: so many watched; null where nobody can know. */
export async function endsAsItWas({ p, stage }, { streamId, egressId }, { unique = 1, peak = unique } = {}) {
  for (const wait of [6 * minute, 3 * minute, minute]) await p.cronAfter(wait)
  const file = await p.ready(egressId)
  assert.equal(file.partial, false)
  const stream = await p.stream(streamId)
  assert.deepEqual([stream.status, stream.viewerCount, stream.recording.status], ['ended', 0, 'complete'])
  for (const [seen, there] of [[stream.uniqueViewers, unique], [stream.peakViewers, peak]]) {
    if (there === null) assert.ok(seen <= 1, `${seen}`)
    else assert.equal(seen, there)
  }
  assert.equal((await p.recordings()).length, 1)
  const [job] = await stage.sql('SELECT inferred, heard, started_at IS NOT NULL AS began FROM egresses')
  assert.deepEqual(job, { inferred: 0, heard: 3, began: 1 })
  await p.cronAfter(60 * minute)
  assert.equal((await p.egresses()).length, 1, 'nothing follows')
  await isTrue(p, stage)
}
