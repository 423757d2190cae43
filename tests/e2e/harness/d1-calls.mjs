// D1 fails on the n-th batch of a start, of a stop, and of a run of the schedule, before or after it has committed. Whatever
// the caller was told, there is one egress in the end, stopped if that was the last word, and one recording.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { d1Of, faultyD1 } from './faulty-d1.mjs'
import { atLiveKit, emptied, faultStage, isTrue, recorded } from './truth.mjs'

let stage
let p
let d1

before(async () => {
  ;({ stage, p } = await faultStage({ around: faultyD1 }))
  d1 = d1Of(stage)
})
beforeEach(async () => {
  await d1.heal()
  await emptied(stage)
})
after(() => stage?.stop())

const minute = 60_000

/** `work(room)` for a room of its own each time, with its n-th batch failing, until it makes no n-th one or `most` did. Answers the rooms. */
async function eachBatchFails(isAfter, { prepare, work, least, most = 30 }) {
  const rooms = []
  for (let skip = 0; ; skip++) {
    const room = `talk-${skip}`
    rooms.push({ room, ...(await prepare(room)) })
    await p.settled(60)
    await d1.fail({ skip, after: isAfter })
    await work(rooms.at(-1))
    const { failed } = await d1.heal()
    await p.settled(60)
    if (failed === 0 || skip + 1 === most) break
    assert.ok(skip < 30, 'no call makes so many batches')
  }
  assert.ok(rooms.length > least, `${rooms.length - 1} batches failed`)
  return rooms
}

/** The schedule, until that holds; what a run does not reach is the first of the next. */
async function runsUntil(wait, holds) {
  for (let run = 0; run < 40; run++) {
    await p.cronAfter(wait)
    await p.settled(60)
    if (await holds()) return
  }
  throw new Error(`in vain: ${holds}`)
}

/** A call that says 503 is repeated, as its caller was told. */
async function insist(call, statuses) {
  const { status, body } = await call()
  if (status === 503) assert.equal(body.code, 'database_unavailable')
  else assert.ok(statuses.includes(status), `${status} ${JSON.stringify(body)}`)
  return status
}

const statuses = async (rooms) => Promise.all(rooms.map(async ({ streamId }) => (await p.stream(streamId)).recording.status))
const areAll = async (rooms, wanted) => (await statuses(rooms)).every((status) => status === wanted)
const readyOnes = async () => (await p.recordings()).filter(({ status }) => status === 'ready').length
const isAlive = ({ status }) => !/COMPLETE|ABORTED|FAILED|LIMIT/.test(status)

const sides = [['before', false], ['after', true]]
/** One kind of call as the tests of a file: each of its batches fails before it has committed, then after. */
function bothSides(name, work) {
  for (const [when, isAfter] of sides) test(`each batch of ${name} fails ${when} it has committed`, () => work(isAfter))
  test('no line of the log tells a secret', () => p.tellsNoSecret())
}

export const starts = () =>
  bothSides('a start', async (isAfter) => {
    const again = []
    const rooms = await eachBatchFails(isAfter, {
      least: 5,
      prepare: (room) => p.host(room),
      work: async ({ room }) => {
        if ((await insist(() => p.start(room), [200, 202])) === 503) again.push(room)
      },
    })
    for (const room of again) assert.ok([200, 202].includes((await p.start(room)).status), room)
    await runsUntil(100_000, () => areAll(rooms, 'recording'))
    for (const { room } of rooms) assert.equal((await p.egresses(room)).filter(isAlive).length, 1, `${room}: one records`)
    for (const { room } of rooms) assert.equal((await p.stop({ roomName: room })).status, 200)
    await runsUntil(minute, async () => (await readyOnes()) >= rooms.length)
    assert.ok(await areAll(rooms, 'complete'))
    assert.deepEqual((await p.egresses()).filter(isAlive), [])
    await isTrue(p, stage)
  })

export const stops = () =>
  bothSides('a stop', async (isAfter) => {
    const again = []
    const rooms = await eachBatchFails(isAfter, {
      least: 4,
      prepare: (room) => recorded(p, room),
      work: async ({ egressId }) => {
        if ((await insist(() => p.stop({ egressId }), [200])) === 503) again.push(egressId)
      },
    })
    for (const egressId of again) assert.equal((await p.stop({ egressId })).status, 200)
    await runsUntil(30_000, () => areAll(rooms, 'complete'))
    await runsUntil(minute, async () => (await readyOnes()) === rooms.length)
    await p.cronAfter(10 * minute)
    assert.equal((await p.egresses()).length, rooms.length, 'stop beats start')
    await isTrue(p, stage)
  })

export const runs = () =>
  bothSides('the run that finds a lost ending and verifies its file', async (isAfter) => {
    const rooms = await eachBatchFails(isAfter, {
      least: 5,
      // A room takes nine batches of a run; those of the rooms before, whose run was cut off, are the same again.
      most: 10,
      prepare: async (room) => {
        await p.faults({ drop_webhooks: [] })
        const made = await recorded(p, room)
        await p.faults({ drop_webhooks: ['egress_updated', 'egress_ended'] })
        await p.stop({ egressId: made.egressId })
        await atLiveKit(p, made.egressId, 'EGRESS_COMPLETE')
        return made
      },
      work: () => p.cronAfter(minute),
    })
    await runsUntil(minute, () => areAll(rooms, 'complete'))
    await runsUntil(minute, async () => (await readyOnes()) === rooms.length)
    await isTrue(p, stage)
  })
