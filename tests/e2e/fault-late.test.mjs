// LiveKit takes a start long after it failed to answer: no recording is lost, and none is made twice.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { waitFor } from './harness/harness.mjs'
import { atLiveKit, emptied, faultStage, isAlive, oneRecords } from './harness/truth.mjs'

let stage
let p

before(async () => ({ stage, p } = await faultStage()))
beforeEach(() => emptied(stage))
after(() => stage?.stop())

const minute = 60_000
/** Longer than an unknown outcome is looked for; at the next run the second attempt is made. */
const unknownFor = 100_000
const silent = { drop_webhooks: ['egress_started', 'egress_updated', 'egress_ended'] }
const late = (ms) => ({ calls: [{ on: 'StartRoomComposite', times: 1, status: 503, acts_late_ms: ms }] })

test('while it is looked for: it is found in the list, and no second one is started', async () => {
  const { streamId } = await p.host('talk')
  await p.faults({ ...silent, ...late(1_500) })
  assert.equal((await p.start('talk')).status, 202)
  const egress = await waitFor(async () => (await p.egresses())[0])
  await atLiveKit(p, egress.egress_id, 'EGRESS_ACTIVE')
  await p.cronAfter(45_000)
  assert.equal((await p.stream(streamId)).recording.egressId, egress.egress_id)
  await oneRecords({ p, stage }, streamId)
  assert.equal((await p.egresses()).length, 1)
})

for (const [how, hears] of [['told by webhook', {}], ['found in LiveKit’s list', silent]]) {
  test(`when another was started in its place, ${how}: the late one is stopped, and its file kept`, async () => {
    const { streamId } = await p.host('talk')
    await p.faults({ ...hears, ...late(6_000) })
    assert.equal((await p.start('talk')).status, 202)
    const [{ object_key: key }] = await stage.sql('SELECT object_key FROM egresses')
    const writes = ({ room_composite: { file_outputs: [file] } }) => file.filepath === key
    for (const wait of [unknownFor, minute]) await p.cronAfter(wait)
    const { egress_id: lateOne } = await waitFor(async () => (await p.egresses()).find(writes))
    if (how.includes('list')) await atLiveKit(p, lateOne, 'EGRESS_ACTIVE')
    for (const wait of [6 * minute, 30_000]) await p.cronAfter(wait)
    await waitFor(async () => (await p.egresses()).some((egress) => writes(egress) && !isAlive(egress)))
    await p.settled()
    await p.faults({ reset: true })
    for (const wait of [6 * minute, minute]) await p.cronAfter(wait)
    const kept = (await p.objects()).length
    if (how.includes('list')) assert.equal(kept, 1, 'it had recorded')
    await oneRecords({ p, stage }, streamId, { recordings: kept + 1 })
  })
}

test('no line of the log tells a secret', () => p.tellsNoSecret())
