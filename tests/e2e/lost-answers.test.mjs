// LiveKit takes a start and its answer never comes: the recording is found again, never started twice, and stopped if
// that is what people want by then. Each test waits for the Worker's own ten seconds of patience, so they run at once.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { pause, play } from './harness/play.mjs'

/** A test with a stage of its own, on which LiveKit's answers to starts get lost. */
const lost = (name, faults, body) =>
  test(name, async () => {
    const stage = await start()
    try {
      const p = play(stage)
      await p.faults({ start: 'accept_then_hang', ...faults })
      await body(p, stage)
      p.tellsNoSecret()
    } finally {
      await stage.stop()
    }
  })

/** The request that hangs. It may outlive a test that fails. */
function ask(p) {
  const asked = p.start('talk')
  asked.catch(() => {})
  return asked
}

const withoutWebhooks = { drop_webhooks: ['egress_started', 'egress_updated', 'egress_ended'] }

/** An egress is at LiveKit, and D1 has an attempt without its id. */
async function underWay(p, stage) {
  await waitFor(async () => (await p.egresses()).length === 1)
  const jobs = await stage.sql('SELECT egress_id, status FROM egresses')
  assert.deepEqual(jobs, [{ egress_id: null, status: 'requested' }])
}

describe('an answer that gets lost', { concurrency: true }, () => {
  lost('is made up for by the webhook: one egress, and the caller gets it', {}, async (p) => {
    const { streamId } = await p.host('talk')
    const asked = ask(p)
    const stream = await p.until(streamId, 'recording')
    const { status, body } = await asked
    assert.deepEqual([status, body.egressId], [200, stream.recording.egressId])
    assert.equal((await p.egresses()).length, 1)
  })

  lost('and a second click meanwhile: both get the egress, and it is seen to record', {}, async (p, stage) => {
    const { streamId } = await p.host('talk')
    await p.settled()
    // LiveKit has taken the start, and its word of that is on the way until the second click has come.
    await p.faults({ delay_webhooks_ms: 60_000 })
    const asked = ask(p)
    await underWay(p, stage)
    // Who clicks waits for the first one's answer for 3 s from when that began: it has just begun, however busy the machine is.
    await stage.sql('UPDATE egresses SET requested_at = ?', Date.now() + 10_000)
    const clicked = p.start('talk')
    await pause(300)
    await p.faults({ delay_webhooks_ms: 0 })
    const again = await clicked
    const stream = await p.until(streamId, 'recording')
    assert.deepEqual([again.status, again.body.egressId], [200, stream.recording.egressId])
    assert.equal((await asked).body.egressId, stream.recording.egressId)
    assert.equal((await p.egresses()).length, 1)
  })

  lost('is made up for by LiveKit’s list, without a second start', withoutWebhooks, async (p, stage) => {
    const { streamId } = await p.host('talk')
    const asked = ask(p)
    await underWay(p, stage)
    await stage.cron()
    assert.equal((await stage.sql('SELECT egress_id FROM egresses'))[0].egress_id, null, 'in hand: nobody meddles for 12 s')
    await p.cronAfter(15_000)
    const stream = await p.stream(streamId)
    const [egress] = await p.egresses()
    assert.equal(stream.recording.egressId, egress.egress_id)
    const { status, body } = await asked
    assert.deepEqual([status, body.egressId], [200, egress.egress_id])
    await p.cronAfter(10 * 60_000)
    assert.equal((await p.egresses()).length, 1)
    assert.equal((await p.stream(streamId)).recording.status, 'recording')
  })

  lost('does not start a second recorder when people ask again and again', withoutWebhooks, async (p, stage) => {
    await p.host('talk')
    const asked = ask(p)
    await underWay(p, stage)
    const again = await p.start('talk')
    assert.deepEqual([again.status, again.body.egressId], [202, ''])
    await asked
    assert.equal((await p.start('talk')).status, 202)
    assert.equal((await p.egresses()).length, 1)
  })

  lost('and is wanted no more: the egress is stopped at LiveKit once it is found', withoutWebhooks, async (p, stage) => {
    const { streamId } = await p.host('talk')
    const asked = ask(p)
    await underWay(p, stage)
    await waitFor(async () => (await p.egresses())[0].status === 'EGRESS_ACTIVE')
    const stopped = await p.stop({ roomName: 'talk' })
    assert.deepEqual([stopped.status, stopped.body.success], [200, true])
    await p.cronAfter(15_000)
    await waitFor(async () => (await p.egresses())[0].status === 'EGRESS_COMPLETE')
    await p.cronAfter(60_000)
    await p.until(streamId, 'complete')
    assert.equal((await p.ready((await p.egresses())[0].egress_id)).partial, false)
    await asked
    await p.cronAfter(60_000)
    assert.equal((await p.egresses()).length, 1)
  })

  lost('stopped, then told by the webhook: stopped at LiveKit at once', {}, async (p, stage) => {
    const { streamId } = await p.host('talk')
    const asked = ask(p)
    await waitFor(async () => (await p.egresses()).length === 1)
    await p.stop({ roomName: 'talk' })
    await waitFor(async () => ['EGRESS_ABORTED', 'EGRESS_COMPLETE'].includes((await p.egresses())[0].status))
    await asked
    const stream = await p.until(streamId, ({ recording }) => ['aborted', 'complete'].includes(recording.status))
    assert.equal(stream.recording.egressId, (await p.egresses())[0].egress_id)
    await stage.cron()
    assert.equal((await p.egresses()).length, 1)
  })
})
