// Storj in trouble, at each moment at which it is needed: before the start, while LiveKit uploads, and when the file is
// verified. A recording says `ready` or `missing` only of what is so.

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { atLiveKit, emptied, faultStage, isTrue, recorded } from './harness/truth.mjs'

let stage
let p

before(async () => ({ stage, p } = await faultStage()))
beforeEach(() => emptied(stage))
after(() => stage?.stop())

const minute = 60_000
/** 20 minutes: S3 refuses what was signed more than 15 minutes away. */
const skewed = { storage_clock_s: 20 * 60 }
const onlyOn = (on, rule) => ({ storage: [{ on, ...rule }] })

describe('before the start', () => {
  const unclear = {
    'slow': onlyOn('PUT _probe', { delay_ms: 3_000 }),
    '503': onlyOn('PUT _probe', { status: 503, code: 'ServiceUnavailable' }),
    '500': onlyOn('PUT _probe', { status: 500, code: 'InternalError' }),
    '429': onlyOn('PUT _probe', { status: 429, code: 'SlowDown' }),
    'cut off': onlyOn('PUT _probe', { cut: true }),
    'cut off, and it was written': onlyOn('PUT _probe', { cut: true, acts: true }),
    'a clock that is off by 20 minutes': skewed,
  }
  for (const [name, fault] of Object.entries(unclear)) {
    test(`${name}: proves nothing against the key, so it starts`, async () => {
      const { streamId } = await p.host('talk')
      await p.faults(fault)
      const { status, body } = await p.start('talk')
      assert.equal(status, 200)
      await p.until(streamId, 'recording')
      await p.faults({ reset: true })
      await p.stop({ egressId: body.egressId })
      assert.equal((await p.ready(body.egressId)).partial, false)
      await isTrue(p, stage)
    })
  }

  for (const [name, { hint, ...rule }] of Object.entries({
    'a bucket that is not there': { status: 404, code: 'NoSuchBucket', hint: /STORJ_BUCKET/ },
    'a key without the right to write': { status: 403, code: 'AccessDenied', hint: /STORJ_EGRESS_ACCESS_KEY_ID/ },
  })) {
    test(`${name}: refused with the remedy, and it starts once that was done`, async () => {
      const { streamId } = await p.host('talk')
      await p.faults(onlyOn('PUT _probe', rule))
      const { status, body } = await p.start('talk')
      assert.deepEqual([status, body.code], [502, 'storage_refused'])
      assert.match(body.hint, hint)
      assert.deepEqual(await p.egresses(), [])
      await p.faults({ reset: true })
      await p.ages(30_000)
      const again = await p.start('talk')
      assert.equal(again.status, 200)
      await p.until(streamId, 'recording')
    })

    test(`${name}, of what starts by itself: it says so, and starts once that was mended`, async () => {
      await p.faults(onlyOn('PUT _probe', rule))
      const { streamId } = await p.host('talk', { record: true })
      const stream = await p.until(streamId, ({ recording }) => recording.error)
      assert.match(stream.recording.error, /STORJ_BUCKET/)
      await p.cronAfter(minute)
      assert.deepEqual(await p.egresses(), [])
      await p.faults({ reset: true })
      for (const wait of [minute, minute]) await p.cronAfter(wait)
      const { recording } = await p.until(streamId, 'recording')
      assert.equal(recording.error, null)
      assert.equal((await p.egresses()).length, 1)
    })
  }
})

describe('while LiveKit uploads', () => {
  /** The upload of a recording that is stopped; its stream afterwards, after all looks for the file. */
  async function uploaded(fault) {
    const made = await recorded(p)
    await p.faults(fault)
    await p.stop({ egressId: made.egressId })
    const stream = await p.until(made.streamId, ({ recording: { status } }) => status === 'complete' || status === 'failed')
    await p.settled()
    await p.faults({ reset: true })
    for (const wait of [2 * minute, 6 * minute]) await p.cronAfter(wait)
    return { ...made, ended: stream.recording.status, error: stream.recording.error }
  }

  test('it fails on all five tries: no recording, and the reason', async () => {
    const { ended, error, key } = await uploaded(onlyOn('PUT .mp4', { status: 503, code: 'ServiceUnavailable' }))
    assert.equal(ended, 'failed')
    assert.match(error, /STORJ_BUCKET/)
    assert.deepEqual([await p.recordings(), await p.objects()], [[], []])
    assert.deepEqual(await stage.sql('SELECT file FROM egresses WHERE object_key = ?', key), [{ file: 'no' }])
  })

  test('it fails twice and is tried again: ready', async () => {
    const { ended, egressId } = await uploaded(onlyOn('PUT .mp4', { status: 503, times: 2 }))
    assert.equal(ended, 'complete')
    assert.equal((await p.ready(egressId)).partial, false)
    await isTrue(p, stage)
  })

  test('it is written and every answer lost: LiveKit says FAILED, and the file is there, a recording marked partial', async () => {
    const { ended, egressId, key } = await uploaded(onlyOn('PUT .mp4', { cut: true, acts: true }))
    assert.equal(ended, 'failed')
    const file = await p.ready(egressId)
    assert.deepEqual([file.partial, file.filename], [true, key])
    await isTrue(p, stage)
  })

  test('only the beginning is kept: ready, of its true size, and marked partial', async () => {
    const { ended, egressId } = await uploaded(onlyOn('PUT .mp4', { keep_bytes: 1_000 }))
    assert.equal(ended, 'complete')
    const file = await p.ready(egressId)
    assert.deepEqual([file.sizeBytes, file.partial], [1_000, true])
    await isTrue(p, stage)
  })
})

describe('when the file is verified', () => {
  const trouble = {
    'slow': [onlyOn('HEAD .mp4', { delay_ms: 2_000 }), false],
    '503': [onlyOn('.mp4', { status: 503 }), true],
    'cut off': [onlyOn('.mp4', { cut: true }), true],
    'a key without the right to read': [onlyOn('.mp4', { status: 403, code: 'AccessDenied' }), true],
    'a 404 that names no object': [onlyOn('.mp4', { status: 404, code: 'NoSuchBucket' }), true],
    'a 404 to the HEAD alone': [onlyOn('HEAD .mp4', { status: 404 }), true],
    'a clock that is off by 20 minutes': [skewed, true],
  }
  for (const [name, [fault, lasts]] of Object.entries(trouble)) {
    test(`${name}: neither ready nor missing until there is a clear answer`, async () => {
      const { streamId, egressId } = await recorded(p)
      await p.stop({ egressId })
      await atLiveKit(p, egressId, 'EGRESS_COMPLETE')
      await p.until(streamId, 'complete')
      // As if Storj had been away since LiveKit's upload.
      await p.settled()
      await p.faults(fault)
      await stage.sql("UPDATE assets SET status = 'processing', checks = 0, checked_at = NULL")
      await stage.sql('UPDATE live_streams SET tend_at = 1')
      for (const wait of [2 * minute, 5 * minute, 10 * minute, 60 * minute]) await p.cronAfter(wait)
      const [file] = await p.recordings()
      assert.equal(file.status, lasts ? 'processing' : 'ready')
      const { status, body } = await stage.api('GET', `/api/recordings/${file.id}/playback`, { user: 'alice' })
      assert.deepEqual([status, body.code], lasts ? [409, 'recording_not_ready'] : [200, undefined])
      await p.faults({ reset: true })
      await p.cronAfter(61 * minute)
      assert.equal((await p.ready(egressId)).partial, false)
      await isTrue(p, stage)
    })
  }

  test('the object is gone: missing once both answers say so, and looked for no more', async () => {
    const { streamId, egressId, key } = await recorded(p)
    await p.faults({ drop_webhooks: ['egress_updated', 'egress_ended'] })
    await p.stop({ egressId })
    await atLiveKit(p, egressId, 'EGRESS_COMPLETE')
    await stage.dev('/dev/s3', { remove: key })
    await p.settled()
    for (const wait of [minute, 2 * minute, 5 * minute]) await p.cronAfter(wait)
    const [file] = await p.recordings()
    assert.equal(file.status, 'missing')
    assert.equal((await p.stream(streamId)).recording.status, 'complete')
    const { status, body } = await stage.api('GET', `/api/recordings/${file.id}/playback`, { user: 'alice' })
    assert.deepEqual([status, body.code], [410, 'recording_missing'])
    await isTrue(p, stage)
  })
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
