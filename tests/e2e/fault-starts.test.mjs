// LiveKit's answer to a start is spoilt in each way: the recording is started once, and is there in the end. (No answer for
// ten seconds: lost-answers.test.mjs. Taken long after: fault-late.test.mjs.)

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { waitFor } from './harness/harness.mjs'
import { done, notDone } from './harness/spoilt.mjs'
import { emptied, faultStage, oneRecords } from './harness/truth.mjs'

let stage
let p

before(async () => ({ stage, p } = await faultStage()))
beforeEach(() => emptied(stage))
after(() => stage?.stop())

const minute = 60_000
/** Longer than an unknown outcome is looked for; at the next run the second attempt is made. */
const unknownFor = 100_000
const silent = { drop_webhooks: ['egress_started', 'egress_updated', 'egress_ended'] }

describe('the answer to a start', () => {
  /** What the caller is told; a webhook may have named the egress before. */
  const told = (name) => (name.includes('after 3 s') ? [200] : name.includes('401') ? [502] : name in done ? [200, 202] : [202])

  for (const [name, rule] of Object.entries({ ...notDone, ...done })) {
    // Nothing is under way any more, not even an answer that is late.
    const quiet = (rule.delay_ms ?? 0) + 500

    test(name, async () => {
      const { streamId } = await p.host('talk')
      await p.settled() // The word of its track would start what is asked for now, and the caller would wait for that.
      await p.faults({ calls: [{ on: 'StartRoomComposite', times: 1, ...rule }] })
      const { status, text } = await p.start('talk')
      assert.ok(told(name).includes(status), `${status} ${text}`)
      assert.ok(!/eyJ|invalid token|nginx/.test(text), 'LiveKit’s own words stay inside')
      if (status === 502) {
        await p.cronAfter(10 * minute)
        assert.deepEqual(await p.egresses(), [], 'a refusal that the caller was told is not made up for')
        assert.equal((await p.start('talk')).status, 200)
      }
      // Time that passes while LiveKit is being asked would make that start an unknown one.
      await p.settled(quiet)
      for (const wait of [unknownFor, minute]) await p.cronAfter(wait)
      await oneRecords({ p, stage }, streamId)
    })

    test(`${name}, of one that starts by itself, and its webhooks are lost`, async () => {
      await p.faults({ ...silent, calls: [{ on: 'StartRoomComposite', times: 1, ...rule }] })
      const { streamId } = await p.host('talk', { record: true })
      await waitFor(async () => (await stage.sql('SELECT id FROM egresses')).length > 0)
      await p.settled(quiet)
      for (const wait of [unknownFor, minute]) await p.cronAfter(wait)
      // Nothing but the list tells that it records, and not before it does.
      await waitFor(async () => (await p.egresses()).some(({ status }) => status === 'EGRESS_ACTIVE'))
      await p.cronAfter(minute)
      await oneRecords({ p, stage }, streamId)
      // The answer that is late would start a recording in the next test's room of that name.
      if (rule.delay_ms) await p.settled(quiet)
    })
  }
})

test('a second click while LiveKit thinks about the first is told the same no', async () => {
  await p.host('talk')
  await p.settled()
  await p.faults({ calls: [{ on: 'StartRoomComposite', status: 401, form: 'plain', delay_ms: 1_500 }] })
  const first = p.start('talk')
  await waitFor(async () => (await stage.sql('SELECT id FROM egresses')).length === 1)
  for (const { status, body } of await Promise.all([first, p.start('talk')])) {
    assert.deepEqual([status, body.code], [502, 'livekit_refused'])
  }
  await p.faults({ calls: [] })
  await p.cronAfter(10 * minute)
  assert.deepEqual(await p.egresses(), [], 'who was told no is not recorded later by surprise')
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
