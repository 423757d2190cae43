// LiveKit's answer to a stop is spoilt in each way: the caller is told a success, and the recording ends, once.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { done, notDone } from './harness/spoilt.mjs'
import { atLiveKit, emptied, faultStage, isTrue, recorded } from './harness/truth.mjs'

let stage
let p

before(async () => ({ stage, p } = await faultStage()))
beforeEach(() => emptied(stage))
after(() => stage?.stop())

const minute = 60_000
const ways = { ...notDone, ...done, 'is 408': { status: 408 }, 'is 408, and it was done': { status: 408, acts: true } }

for (const [words, drop_webhooks] of [['LiveKit tells of the end', []], ['no word of the end comes', ['egress_updated', 'egress_ended']]]) {
  for (const [name, rule] of Object.entries(ways)) {
    test(`the answer ${name}; ${words}`, async () => {
      const { streamId, egressId } = await recorded(p)
      await p.faults({ drop_webhooks, calls: [{ on: 'StopEgress', times: 1, ...rule }] })
      const { status, body } = await p.stop({ egressId })
      assert.deepEqual([status, body.success, body.stopped], [200, true, [egressId]])
      await p.cronAfter(30_000)
      await atLiveKit(p, egressId, 'EGRESS_COMPLETE')
      await p.settled()
      await p.cronAfter(minute)
      assert.equal((await p.ready(egressId)).partial, false)
      await p.until(streamId, 'complete')
      await p.cronAfter(10 * minute)
      assert.equal((await p.egresses()).length, 1, 'nothing was started after the stop')
      await isTrue(p, stage)
    })
  }
}

test('no line of the log tells a secret', () => p.tellsNoSecret())
