// GET /api/usage, month by month: what is downloaded, what safety copies take, and what Storj's tier makes of it.

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { waitFor } from './harness/harness.mjs'
import { staged } from './harness/play.mjs'
import { addRecording } from './harness/rows.mjs'

const GB = 1_000_000_000
const monthOf = (ms) => new Date(ms).toISOString().slice(0, 7)
const line = (bill, name) => bill.lines.find((one) => one.name === name)
/** Of a line: so many, the price of one, and what they come to. */
const told = (bill, name) => {
  const { quantity, microDollarsEach, microDollars } = line(bill, name)
  return [quantity, microDollarsEach, microDollars]
}

async function usage({ stage }) {
  const { status, body } = await stage.api('GET', '/api/usage', { user: 'root' })
  assert.equal(status, 200)
  for (const month of body.months) assert.equal(month.lines.reduce((sum, { microDollars }) => sum + microDollars, 0), month.totalMicroDollars, month.month)
  return body
}

/** A broadcast recorded just now: how many bytes its file has, and when it was. */
async function recorded(scene) {
  const { p } = scene
  const { streamId } = await p.host('talk', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  await p.stop({ roomName: 'talk' })
  const { sizeBytes, createdAt } = await p.ready(recording.egressId)
  return { sizeBytes, at: Date.parse(createdAt) }
}

staged('usage', { vars: { ADMIN_USER_IDS: 'root', STORJ_TIER: 'advanced' } }, (scene) => {
  beforeEach(() => scene.stage.reset())

  test('downloads count in the month in which they began, each whole, and are a line of that month’s bill', async () => {
    const { stage } = scene
    // In another month than today, whatever day it is.
    const { created_at: then } = await addRecording(stage, 'old', { size_bytes: 1.5 * GB, created_at: Date.now() - 40 * 86_400_000 })
    // From then until now, also those in which nothing happened.
    const before = (await usage(scene)).months
    assert.deepEqual([before.length > 1, before[0].month, before.at(-1).month], [true, monthOf(Date.now()), monthOf(then)])
    for (const { month, downloads, bytesDownloaded, bytesKept } of before) assert.deepEqual([downloads, bytesDownloaded, bytesKept], [0, 0, 1.5 * GB], month)
    assert.deepEqual(told(before.at(-1), 'storj_egress'), [0, 7_000, 0])
    const link = await stage.api('POST', '/api/recordings/old/download', { user: 'bob' })
    const followed = await stage.api('GET', '/api/recordings/old/download', { user: 'carol' })
    assert.deepEqual([link.status, followed.status], [200, 302])
    const [{ downloaded_at: at }] = await stage.sql('SELECT max(downloaded_at) AS downloaded_at FROM downloads')
    const [now, ...older] = (await usage(scene)).months
    assert.deepEqual([now.month, now.downloads, now.bytesDownloaded, now.bytesAdded], [monthOf(at), 2, 3 * GB, 0])
    assert.deepEqual(told(now, 'storj_egress'), [3, 7_000, 21_000])
    assert.deepEqual(older, before.slice(-older.length), 'the month of the recording is as it was, and those between')
    // What is looked at, and what is refused, is no download.
    await stage.api('HEAD', '/api/recordings/old/download', { user: 'dave' })
    await stage.api('GET', '/api/recordings/nowhere/download', { user: 'dave' })
    assert.equal((await usage(scene)).months[0].downloads, 2)
  })

  test('a safety copy is a line of its own, as large as its recording, and stays on the bill when it is deleted', async () => {
    const { stage, p } = scene
    const { sizeBytes, at } = await recorded(scene)
    // With it the month has exactly 1 GB of recordings: whatever the copy takes begins another.
    await addRecording(stage, 'rest', { size_bytes: GB - sizeBytes, created_at: at })
    const check = async () => {
      const [bill] = (await usage(scene)).months
      assert.deepEqual([bill.month, bill.bytesAdded, bill.bytesOfSafetyCopies], [monthOf(at), GB, sizeBytes])
      assert.deepEqual([told(bill, 'storj_storage'), told(bill, 'storj_safety_copy')], [[1, 10_000, 10_000], [1, 10_000, 10_000]])
    }
    await check()
    // Storj bills 30 days of it.
    await waitFor(async () => (await stage.cron(), (await p.objects()).every(({ key }) => key.endsWith('.mp4'))))
    await check()
  })

  test('STORJ_TIER=advanced: its price in every bill and estimate, and where it is from', async () => {
    await addRecording(scene.stage, 'one', { size_bytes: 600 * GB })
    const body = await usage(scene)
    assert.deepEqual(told(body.months[0], 'storj_storage'), [600, 10_000, 6_000_000])
    assert.equal(told(body.months[0], 'storj_minimum')[2], 0, 'above what Storj bills at least')
    assert.ok(body.sources.some(({ what }) => /Advanced: \$10 a TB/.test(what)), JSON.stringify(body.sources))
    const estimate = (await scene.stage.api('GET', '/api/estimate?hours=100')).body
    assert.deepEqual(told(estimate, 'storj_storage'), [209, 10_000, 2_090_000])
  })
})

staged('usage without a safety copy, in the usual tier', { vars: { ADMIN_USER_IDS: 'root', SAFETY_COPY: 'off' } }, (scene) => {
  test('no copy is on the bill, and storage has the usual price', async () => {
    const { sizeBytes, at } = await recorded(scene)
    await addRecording(scene.stage, 'rest', { size_bytes: GB - sizeBytes, created_at: at })
    const { months: [bill], sources } = await usage(scene)
    assert.deepEqual([bill.recordings, bill.bytesAdded, bill.bytesOfSafetyCopies], [1, GB, 0])
    assert.deepEqual([told(bill, 'storj_storage'), told(bill, 'storj_safety_copy')], [[1, 7_000, 7_000], [0, 7_000, 0]])
    assert.equal(told(bill, 'storj_minimum')[2], 5_000_000 - 7_000)
    assert.ok(sources.some(({ what }) => /Standard: \$7 a TB/.test(what)), JSON.stringify(sources))
  })
})
