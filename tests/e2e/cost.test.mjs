// What recordings will cost and what they did: the estimate's table, and months whose bill costs D1 a row each.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { waitFor } from './harness/harness.mjs'
import { staged } from './harness/play.mjs'
import { addJob, addRecording, addStream, day } from './harness/rows.mjs'

staged('costs', { vars: { ADMIN_USER_IDS: 'root', LIVEKIT_MINUTE_USD: '0.01' } }, (scene) => {
  const get = (path, user) => scene.stage.api('GET', path, { user })
  const line = (body, name) => body.lines.find((one) => one.name === name)

  test('anyone gets the guide’s table, $42 for 100 hours, and is told what does not fit', async () => {
    const { status, body } = await get('/api/estimate?hours=100&prices=guide')
    assert.deepEqual([status, body.totalMicroDollars, body.total], [200, 42_000_000, '$42.00'])
    assert.ok(body.notes.some((note) => /100 h at 1080p is 208\.2 GB.*does not fit.*150 GB/.test(note)), body.notes.join('\n'))
    assert.ok(body.sources.every(({ what, source, date }) => what && source && date))
    assert.equal(body.lines.reduce((sum, { microDollars }) => sum + microDollars, 0), body.totalMicroDollars)
  })

  test('the default is today’s, with the operator’s own minute', async () => {
    const { body } = await get('/api/estimate?hours=100&viewers=1')
    assert.deepEqual([body.prices, body.quality, line(body, 'livekit_recording').microDollars], ['today', '1080p', 60_000_000])
    assert.deepEqual([line(body, 'storj_storage').quantity, line(body, 'storj_egress').quantity], [209, 209])
    assert.equal(body.totalMicroDollars, 65_000_000, 'at least $5 for the account')
  })

  test('what cannot be is a 400 that names parameter and limit', async () => {
    for (const [query, name] of [['hours=0', /`hours`.*100000/], ['viewers=10001', /`viewers`.*10000/], ['quality=8k', /`quality`.*720p/], ['prices=x', /`prices`.*guide/]]) {
      const answer = await get(`/api/estimate?${query}`)
      assertRefused(answer, 400, 'invalid_request', query)
      assert.match(answer.body.message, name)
    }
  })

  test('a broadcast that was really recorded is in its month', async () => {
    const { streamId } = await scene.p.host('talk', { record: true })
    const { recording } = await scene.p.until(streamId, 'recording')
    await scene.p.stop({ roomName: 'talk' })
    const file = await scene.p.ready(recording.egressId)
    const stream = await scene.p.stream(streamId)
    const { status, body } = await get('/api/usage', 'root')
    assert.equal(status, 200)
    const [month] = body.months
    assert.equal(month.month, new Date().toISOString().slice(0, 7))
    assert.deepEqual([month.recordings, month.bytesKept, body.bytesKept], [1, file.sizeBytes, file.sizeBytes])
    assert.equal(month.minutesBilled, Math.ceil(file.durationMs / 60_000))
    assert.equal(line(month, 'livekit_recording').microDollars, month.minutesBilled * 10_000)
    // The meter of the stream and the bill are of one table.
    assert.equal(stream.recording.estimatedMicroDollars - month.minutesBilled * 10_000, Math.ceil((file.sizeBytes * 7_000) / 1e9))
  })

  test('while it records its owner sees what it weighs and costs so far, second by second; once over it stands still', async () => {
    const { p } = scene
    const { streamId } = await p.host('meter', { record: true, quality: '720p' })
    const { recording: { egressId } } = await p.until(streamId, 'recording')
    // A word of LiveKit's that came after it was made older would say again when it began.
    await p.settled()
    const meter = async () => {
      const asked = Date.now()
      const { recording } = await p.stream(streamId)
      const since = (at) => Math.floor((at - Date.parse(recording.startedAt)) / 1000)
      const { seconds, estimatedBytes, estimatedMicroDollars } = recording
      if (recording.status === 'recording') assert.ok(seconds >= since(asked) && seconds <= since(Date.now()), `${seconds} of ${since(asked)}`)
      return { status: recording.status, seconds, estimatedBytes, estimatedMicroDollars }
    }
    const seen = [await meter()]
    for (const minutes of [1, 10, 80]) {
      await p.ages(minutes * 60_000)
      seen.push(await meter())
    }
    for (const [n, { status, seconds, estimatedBytes, estimatedMicroDollars }] of seen.entries()) {
      assert.equal(status, 'recording')
      // 3,128 kbit/s, picture and sound.
      const ms = estimatedBytes / 391
      assert.equal(Math.floor(ms / 1000), seconds, `${estimatedBytes} bytes in ${seconds} s`)
      assert.equal(estimatedMicroDollars, Math.ceil(ms / 60_000) * 10_000 + Math.ceil((estimatedBytes * 7_000) / 1e9))
      if (n > 0) assert.ok(seconds >= seen[n - 1].seconds + [60, 600, 4_800][n - 1] && estimatedMicroDollars > seen[n - 1].estimatedMicroDollars)
    }
    await p.stop({ roomName: 'meter' })
    const { sizeBytes, durationMs } = await p.ready(egressId)
    const over = { status: 'complete', seconds: Math.floor(durationMs / 1000), estimatedBytes: sizeBytes }
    const end = await meter()
    assert.deepEqual({ ...end, estimatedMicroDollars: undefined }, { ...over, estimatedMicroDollars: undefined })
    await p.ages(90 * 60_000)
    assert.deepEqual(await meter(), end)
  })

  test('usage is for admins', async () => {
    assertRefused(await get('/api/usage'), 401, 'not_signed_in')
    assertRefused(await get('/api/usage', 'alice'), 403, 'admins_only')
  })

  test('a bill reads a row a month, with 3,000 recordings as with 3', async () => {
    const read = async () => {
      const answer = await get('/api/usage', 'root')
      assert.equal(answer.status, 200)
      const id = answer.headers.get('x-request-id')
      const { d1 } = await waitFor(() => scene.stage.logs().find((entry) => entry.request_id === id))
      return [d1.read, answer.body]
    }
    await scene.stage.reset()
    const month = 30 * 86_400_000
    for (let n = 0; n < 3; n++) {
      await addRecording(scene.stage, `r${n}`, { created_at: day - n * month, size_bytes: 1_000_000_000 })
      await addStream(scene.stage, `s${n}`)
      await addJob(scene.stage, `s${n}`, { status: 'recording', requested_at: day - n * month, started_at: day - n * month })
      await scene.stage.sql("UPDATE egresses SET status = 'complete', duration_ms = 5400000 WHERE stream_id = ?", `s${n}`)
    }
    const [few, { months }] = await read()
    // After those with something in them come the empty ones, until today.
    assert.deepEqual(months.slice(-3).map((one) => [one.month, one.recordings, one.hoursRecorded, one.bytesAdded, one.bytesKept]), [
      ['2026-11', 1, 1.5, 1e9, 3e9],
      ['2026-10', 1, 1.5, 1e9, 2e9],
      ['2026-09', 1, 1.5, 1e9, 1e9],
    ])
    await scene.stage.sql(`INSERT INTO assets (id, job_id, title, room_name, owner_id, visibility, status, part, object_key, bucket, endpoint,
      region, quality, created_at, size_bytes) WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM n WHERE i < 2999)
      SELECT 'm' || i, 'j' || i, 'T', 'room', 'u', 'public', 'ready', 1, 'k' || i, 'b', 'e', 'x', '1080p', ${day} + i, 1000 FROM n`)
    const [many, more] = await read()
    assert.equal(more.bytesKept, 3e9 + 3_000_000)
    assert.equal(many, few)
    // A row a month, and what counting the months takes.
    assert.ok(few <= 4 * months.length + 3, `${few} rows for ${months.length} months`)
  })
})
