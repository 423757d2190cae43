// Nonsense and crowds: whatever comes in, it is answered with a 4xx or not at all, and the next request is served as ever.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start } from './harness/harness.mjs'
import { rawRequest, sendRaw } from './harness/raw.mjs'
import { addRecording, addStream, contents } from './harness/rows.mjs'

let stage
before(async () => {
  stage = await start()
  await addStream(stage, 's1')
  await addRecording(stage, 'r1')
})
after(() => stage?.stop())

/** The same random numbers at each run (mulberry32), so that a failure can be looked at again. */
function dice(seed) {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
const roll = dice(20261123)
const pick = (list) => list[roll(list.length)]
const bytes = (most) => Buffer.from(Array.from({ length: roll(most) }, () => roll(256)))
const printable = (most) => Array.from({ length: 1 + roll(most) }, () => String.fromCharCode(33 + roll(94))).join('')

const methods = ['GET', 'POST', 'PATCH', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']
const known = ['/livekit-egress', '/livekit-egress/stop', '/livekit-webhook', '/livekit-token', '/api/streams', '/api/recordings', '/healthz']
known.push('/api/streams/s1', '/api/streams/s1/end', '/api/recordings/r1', '/api/recordings/r1/playback')
const scraps = ['{"roomName":', '{"title":"', 'null', '[[[[', '\u0000', '{"egressId":{}}', '💥', '%00', "';--", '{"a":1e400}']

const kinds = {
  'bytes that are no HTTP': () => sendRaw(stage.worker, Buffer.concat([bytes(400), Buffer.from('\r\n\r\n')]), 500),
  'a random body': () => {
    const length = roll(2_000)
    const body = Buffer.from(Array.from({ length }, () => roll(256)))
    return rawRequest(stage.worker, pick(['POST', 'PATCH']), pick(known), { headers: usual(), body })
  },
  'scraps of JSON': () => {
    const body = Array.from({ length: 1 + roll(5) }, () => pick(scraps)).join('')
    return rawRequest(stage.worker, 'POST', pick(known), { headers: usual(), body })
  },
  'a random path': () => rawRequest(stage.worker, pick(methods), `/${printable(80).replaceAll('#', '%')}`),
  'a random query': () => rawRequest(stage.worker, 'GET', `${pick(known)}?${printable(80).replaceAll('#', '%')}`),
  'a random token': () => rawRequest(stage.worker, pick(methods), pick(known), { headers: { authorization: `Bearer ${printable(300)}` } }),
  'random headers': () => {
    const names = ['content-type', 'origin', 'authorization', 'cf-access-jwt-assertion', 'cf-ray', 'cookie', 'accept', 'x-forwarded-for']
    const headers = Object.fromEntries(names.map((name) => [name, printable(60)]))
    return rawRequest(stage.worker, pick(methods), pick(known), { headers })
  },
}
const usual = () => ({ 'content-type': 'application/json', authorization: `Bearer ${stage.token(pick(['alice', 'bob']))}` })

const isWell = async () => {
  const answer = await stage.api('GET', '/api/streams/s1', { user: 'alice' })
  assert.deepEqual([answer.status, answer.body.id], [200, 's1'])
}

test('200 requests of nonsense: none is answered with a 5xx, none changes anything, and a good one works after each kind', async () => {
  const before = await contents(stage)
  for (const [kind, send] of Object.entries(kinds)) {
    for (let i = 0; i < 30; i++) {
      const { status, text } = await send()
      assert.ok(status < 500 || status === 501, `${kind}: ${status} ${text}`)
    }
    await isWell()
  }
  const { live_streams: streams, ...rest } = await contents(stage)
  const { live_streams: streamsBefore, ...restBefore } = before
  assert.deepEqual(rest, restBefore)
  // Ending s1 needs no body, so a body of nonsense does not keep its owner from it.
  assert.deepEqual(streams.map(({ id, title }) => [id, title]), streamsBefore.map(({ id, title }) => [id, title]))
})

test('50 requests at once are all served, each with an answer of its own', async () => {
  const make = (i) => stage.api('POST', '/api/streams', { user: `user-${i}`, body: { title: `Stream ${i}`, roomName: `crowd-${i}` } })
  const made = await Promise.all(Array.from({ length: 50 }, (_, i) => make(i)))
  for (const [i, { status, body }] of made.entries()) {
    assert.deepEqual([status, body.title, body.ownerId, body.roomName], [201, `Stream ${i}`, `user-${i}`, `crowd-${i}`])
  }
  const reads = await Promise.all(made.map(({ body }, i) => stage.api('GET', `/api/streams/${body.id}`, { user: `user-${i}` })))
  for (const [i, { status, body }] of reads.entries()) assert.deepEqual([status, body], [200, made[i].body])
  assert.equal(new Set([...made, ...reads].map(({ headers }) => headers.get('x-request-id'))).size, 100)
})

test('refusals and successes at once do not get in each other\'s way', async () => {
  const calls = Array.from({ length: 50 }, (_, i) => {
    if (i % 3 === 0) return [stage.api('GET', '/api/streams', { headers: { authorization: 'Bearer garbage' } }), 401]
    if (i % 3 === 1) return [stage.api('POST', '/api/streams', { user: 'alice', body: '{', headers: { 'content-type': 'application/json' } }), 400]
    return [stage.api('GET', '/api/recordings/r1'), 200]
  })
  const statuses = await Promise.all(calls.map(async ([call]) => (await call).status))
  assert.deepEqual(statuses, calls.map(([, status]) => status))
})
