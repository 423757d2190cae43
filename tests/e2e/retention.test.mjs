// How long recordings stay: RETENTION_DAYS with its week of grace, and single viewers for 30 days.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examine } from './harness/doctor.mjs'
import { waitFor } from './harness/harness.mjs'
import { staged } from './harness/play.mjs'

const minute = 60_000
const day = 24 * 60 * minute

async function recorded(p, room, more = {}) {
  const { streamId } = await p.host(room, { record: true, ...more })
  const { recording } = await p.until(streamId, 'recording')
  await p.stop({ egressId: recording.egressId })
  return p.ready(recording.egressId)
}
const daysLeft = ({ expiresAt }) => (Date.parse(expiresAt) - Date.now()) / day

staged('RETENTION_DAYS=30', { vars: { RETENTION_DAYS: '30' } }, (scene) => {
  test('a recording tells when it goes, and goes then with its object; a saved one stays', async () => {
    const { p, stage } = scene
    await stage.cron()
    await p.ages(8 * day)
    const [going, kept, fromTheStart] = [await recorded(p, 'going'), await recorded(p, 'kept'), await recorded(p, 'start', { saveToStorj: true })]
    assert.ok(Math.abs(daysLeft(going) - 30) < 0.01, going.expiresAt)
    assert.equal(fromTheStart.expiresAt, null)
    const { status } = await stage.api('POST', `/api/recordings/${kept.id}/save`, { user: 'alice' })
    assert.equal(status, 200)
    await p.cronAfter(29 * day)
    assert.equal((await p.recordings()).length, 3)
    await p.cronAfter(day + 3 * 60 * minute)
    await stage.cron()
    assert.deepEqual((await p.recordings()).map(({ id }) => id).sort(), [kept.id, fromTheStart.id].sort())
    const keys = (await p.objects()).map(({ key }) => key)
    assert.deepEqual(keys.sort(), [fromTheStart.filename, kept.filename.replace('livekit-recordings/', 'saved/')].sort())
  })
})

staged('RETENTION_DAYS=1, new', { vars: { RETENTION_DAYS: '1' } }, (scene) => {
  test('a value that is new deletes nothing for a week', async () => {
    const { p, stage } = scene
    await stage.cron()
    const announced = async () => (await examine(stage)).find('retention_days')
    const { ok, what, remedy } = await announced()
    assert.equal(ok, true, 'it works as it is said')
    assert.match(what, /^RETENTION_DAYS=1 is new: it deletes nothing for (6 days and 23|7 days and 0) hours more$/)
    assert.match(remedy, /a typo\?.*\/save/)
    const recording = await recorded(p, 'typo')
    assert.ok(Math.abs(daysLeft(recording) - 7) < 0.01, recording.expiresAt)
    await p.cronAfter(6 * day)
    assert.equal((await p.recordings()).length, 1)
    assert.match((await announced()).what, /for (0 days and 23|1 days and 0) hours more/)
    await p.cronAfter(day + 3 * 60 * minute)
    await stage.cron()
    assert.deepEqual(await p.recordings(), [])
    assert.equal(await announced(), undefined, 'it is new no more')
  })

  test('single viewers are forgotten after 30 days; the totals stay', async () => {
    const { p, stage } = scene
    const { streamId } = await p.host('watched')
    const identity = await p.viewer('watched')
    await p.until(streamId, ({ uniqueViewers }) => uniqueViewers === 1)
    await p.leave('watched', identity)
    await p.until(streamId, ({ viewerCount }) => viewerCount === 0)
    await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    await waitFor(async () => (await stage.sql('SELECT sid FROM sessions WHERE ended_at IS NULL AND stream_id = ?', streamId)).length === 0)
    await p.settled()
    const before = await p.stream(streamId)
    await p.cronAfter(31 * day)
    for (const table of ['audience', 'participants']) assert.deepEqual(await stage.sql(`SELECT * FROM ${table} WHERE stream_id = ?`, streamId), [], table)
    const after = await p.stream(streamId)
    for (const total of ['uniqueViewers', 'peakViewers', 'watchSeconds']) assert.equal(after[total], before[total], total)
  })
})
