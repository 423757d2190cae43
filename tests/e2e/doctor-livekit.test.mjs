// What the doctor tells apart about LiveKit where LIVEKIT_URL, key and secret are right: a right that the key lacks, a
// clock that is off, a recording service that is away, and LiveKit itself in trouble.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { assertNamed, examine, young } from './harness/doctor.mjs'
import { start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'

let stage
let p
before(async () => {
  stage = await start()
  p = play(stage)
})
beforeEach(() => stage.reset())
after(() => stage?.stop())

const rooms = 'livekit.RoomService/ListRooms'
const recordings = 'livekit.Egress/ListEgress'

/** LiveKit 1.9 says it with 401; Twirp has a code of its own for it, with 403. */
const refusals = { 'with 401': { status: 401 }, 'with 403': { status: 403, code: 'permission_denied' } }
for (const [how, refusal] of Object.entries(refusals)) {
  test(`a key without the right to list rooms, refused ${how}`, async () => {
    await p.faults({ calls: [{ on: rooms, ...refusal }] })
    const { find } = await assertNamed(stage, 'livekit_key', /takes the key.*not let it list rooms.*grant roomList is missing/, /API key of the project itself.*restricted/)
    assert.equal(find('livekit_url').ok, true, 'LiveKit itself is there')
  })

  test(`a key without the right to record, refused ${how}`, async () => {
    await p.faults({ calls: [{ on: recordings, ...refusal }] })
    const { find } = await assertNamed(stage, 'livekit_key', /takes the key.*not let it record.*grant roomRecord is missing/, /API key that may record.*Settings → Keys/)
    assert.equal(find('livekit_url').ok, true, 'LiveKit itself is there')
  })
}

test('a key without either right: the first that is missing is named, and nothing of the recording service', async () => {
  await p.faults({ calls: [{ on: 'ListRooms', status: 401 }, { on: 'livekit.Egress', status: 401 }] })
  await assertNamed(stage, 'livekit_key', /roomList is missing/, /API key of the project itself/)
})

for (const [how, seconds] of [['late', -3_600], ['early', 3_600]]) {
  test(`LiveKit’s clock is an hour ${how}: it is the clock, not the secret`, async () => {
    await p.faults({ token_clock_s: seconds })
    const { find } = await assertNamed(stage, 'livekit_clock', /only when they are valid a day long: its clock is wrong/, /clock of the LiveKit server \(NTP\)/)
    assert.equal(find('livekit_key'), undefined, 'of the key’s rights nothing is known')
    await p.faults({ token_clock_s: null })
    assert.equal((await examine(stage)).find('livekit_key').ok, true, 'and it was nothing else')
  })
}

test('the same clock signs its webhooks: both are named, each with the clock as its remedy', async () => {
  await p.faults({ token_clock_s: -3_600, livekit_clock_s: -3_600 })
  await p.stranger('talk', 'zoe')
  await waitFor(async () => (await p.hooks()).some(({ status }) => status === 401))
  await p.settled()
  const { wrong, find } = await examine(stage)
  assert.deepEqual(wrong.filter((name) => !young.includes(name)), ['livekit_clock', 'webhooks_refused'])
  assert.match(find('webhooks_refused').what, /expired/)
  for (const name of ['livekit_clock', 'webhooks_refused']) assert.match(find(name).remedy, /clock.*NTP/, name)
})

const away = {
  'LiveKit has no Redis, so no recorders': { status: 500 },
  'no recorder answers LiveKit': { status: 503 },
  'LiveKit waits for it in vain': { status: 408 },
  'the call has no answer': { cut: true },
}
for (const [what, rule] of Object.entries(away)) {
  test(`the recording service is away: ${what}`, async () => {
    await p.faults({ calls: [{ on: recordings, ...rule }] })
    await assertNamed(stage, 'livekit_egress', /recording service \(Egress\) does not/, /status page.*LiveKit Egress running.*same Redis/)
  })
}

test('LiveKit itself is in trouble: neither key nor recording service is called wrong', async () => {
  await p.faults({ lists: 'internal' })
  await assertNamed(stage, 'livekit_url', /error of its own/, /status page or server log/)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
