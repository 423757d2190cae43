// Tokens before the real LiveKit server: each right is granted where it has to be, and refused everywhere else.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AccessToken } from 'livekit-server-sdk'
import { authSecret, livekitKey, usualVars, waitFor } from '../e2e/harness/harness.mjs'
import { addStream } from '../e2e/harness/rows.mjs'
import { startWorker } from '../e2e/harness/worker.mjs'
import { freePort } from '../../scripts/parts/ports.mjs'
import { startReal } from './harness/stage.mjs'

let stage
before(async () => {
  stage = await startReal({ emptyTimeout: 600 })
})
after(() => stage?.stop())

/** LiveKit's server API, by method: a body that LiveKit would take, and the right that it asks for. */
const room = 'guarded'
const methods = {
  'RoomService/CreateRoom': ['roomCreate', { name: 'made-by-a-token' }],
  'RoomService/DeleteRoom': ['roomCreate', { room: 'not-there' }],
  'RoomService/ListRooms': ['roomList', {}],
  'RoomService/ListParticipants': ['roomAdmin', { room }],
  'RoomService/GetParticipant': ['roomAdmin', { room, identity: 'alice' }],
  'RoomService/RemoveParticipant': ['roomAdmin', { room, identity: 'alice' }],
  'RoomService/UpdateParticipant': ['roomAdmin', { room, identity: 'alice', metadata: 'changed' }],
  'RoomService/MutePublishedTrack': ['roomAdmin', { room, identity: 'alice', track_sid: 'TR_1', muted: true }],
  'RoomService/UpdateRoomMetadata': ['roomAdmin', { room, metadata: 'changed' }],
  'RoomService/SendData': ['roomAdmin', { room, data: 'AAAA' }],
  'Egress/ListEgress': ['roomRecord', {}],
  'Egress/StopEgress': ['roomRecord', { egress_id: 'EG_of_nobody' }],
  // Of a room that is not there: else LiveKit looks for a recorder for 24 s.
  'Egress/StartRoomCompositeEgress': ['roomRecord', { room_name: 'not-there', file_outputs: [{ filepath: 'x.mp4' }] }],
  'Egress/StartParticipantEgress': ['roomRecord', { room_name: 'not-there', identity: 'alice', file_outputs: [{ filepath: 'x.mp4' }] }],
  'Ingress/ListIngress': ['ingressAdmin', {}],
}

/** What LiveKit says to one of them: its status, and whether it refused the token. */
async function ask(method, token, body = methods[method][1]) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(`${stage.direct}/twirp/livekit.${method}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await response.text()
  return { status: response.status, text, refused: response.status === 401 || response.status === 403 }
}

/** What LiveKit says to somebody who is about to join. */
async function validate(token) {
  const response = await fetch(`${stage.direct}/rtc/validate?access_token=${token}`)
  return { status: response.status, text: await response.text() }
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))

/** A token by LiveKit's own SDK, with these rights. */
async function withRights(video) {
  const token = new AccessToken(livekitKey.key, livekitKey.secret, { identity: 'administrator', ttl: 600 })
  token.addGrant(video)
  return token.toJwt()
}

test('the list of methods is right: each takes the right that it names', async () => {
  await stage.p.admin.createRoom({ name: room, emptyTimeout: 600 })
  // At once: LiveKit takes seconds to find out that somebody is not there.
  const asked = Object.entries(methods).map(async ([method, [right]]) => {
    const { status, text, refused } = await ask(method, await withRights({ [right]: true, ...(right === 'roomAdmin' ? { room } : {}) }))
    assert.ok(!refused, `${method}: ${status} ${text}`)
  })
  await Promise.all(asked)
  await stage.p.admin.deleteRoom('made-by-a-token')
})

test('hosts and viewers may join, and call nothing of the server API', async () => {
  const host = await stage.p.token('talk', 'alice', { role: 'host' })
  const viewer = await stage.p.token('talk', 'bob')
  for (const { server_url: url, participant_token: token, role } of [host, viewer]) {
    assert.equal(url, stage.livekit)
    assert.deepEqual(await validate(token), { status: 200, text: 'success' }, role)
    for (const [method, [, body]] of Object.entries(methods)) {
      // Its own room, in which it would have the most rights.
      const own = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, name.startsWith('room') ? 'talk' : value]))
      const { status, text, refused } = await ask(method, token, own)
      assert.ok(refused, `a ${role} may call ${method}: ${status} ${text}`)
    }
  }
})

test('a token that is changed, of another secret or for joining nothing does not join', async () => {
  const { participant_token: token } = await stage.p.token('talk', 'bob')
  const [head, , signature] = token.split('.')
  const claims = claimsOf(token)
  const withClaims = (changed) => `${head}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`
  const foreign = new AccessToken(livekitKey.key, `${livekitKey.secret}x`, { identity: 'bob' })
  foreign.addGrant({ roomJoin: true, room: 'talk' })
  const refused = {
    'a right more': withClaims({ ...claims, video: { ...claims.video, canPublish: true } }),
    'another room': withClaims({ ...claims, video: { ...claims.video, room: 'other' } }),
    'the host by name': withClaims({ ...claims, sub: 'alice' }),
    'another secret': await foreign.toJwt(),
    'a caller’s token of ours': stage.token('alice'),
    'a server’s token': stage.calls.passed.find(({ path }) => path.endsWith('ListRooms')).headers.authorization.split(' ')[1],
  }
  for (const [what, bad] of Object.entries(refused)) assert.equal((await validate(bad)).status, 401, what)
})

test('LiveKit takes our token for every call that we make, and each carries that one right and no other', async () => {
  // A whole life by the Worker: a new room is looked for, its people are listed, a recording is asked for, stopped, and
  // the room is closed.
  const { streamId } = await stage.p.token('whole', 'alice', { role: 'host' })
  await stage.p.admin.createRoom({ name: 'whole', emptyTimeout: 600 })
  await stage.p.start('whole')
  // Nothing records here, so nothing could be stopped: this is as if LiveKit had named a job.
  await stage.sql("UPDATE egresses SET egress_id = 'EG_of_nobody', status = 'recording' WHERE stream_id = ?", streamId)
  await stage.p.cronAfter(10 * 60_000)
  await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
  await stage.p.cronAfter(10 * 60_000)

  const expected = {
    'RoomService/ListRooms': { roomList: true },
    'RoomService/ListParticipants': { roomAdmin: true, room: 'whole' },
    'RoomService/DeleteRoom': { roomCreate: true },
    'Egress/StartRoomCompositeEgress': { roomRecord: true },
    'Egress/ListEgress': { roomRecord: true },
    'Egress/StopEgress': { roomRecord: true },
  }
  const made = stage.calls.passed.filter(({ path }) => path.startsWith('/twirp/'))
  const methodOf = ({ path }) => path.slice('/twirp/livekit.'.length)
  assert.deepEqual([...new Set(made.map(methodOf))].sort(), Object.keys(expected).sort())
  for (const call of made) assert.ok(call.status !== 401 && call.status !== 403, `${methodOf(call)}: ${call.status} ${call.answer}`)

  for (const [method, video] of Object.entries(expected)) {
    const call = made.findLast((one) => methodOf(one) === method && (method !== 'RoomService/ListParticipants' || one.body.includes('whole')))
    const token = call.headers.authorization.slice('Bearer '.length)
    const { exp, nbf, video: granted, sub, ...rest } = claimsOf(token)
    assert.deepEqual(granted, video, method)
    assert.ok(exp - nbf <= 120, `${method}: a token for ${exp - nbf} s`)
    assert.deepEqual([sub, rest.attributes, rest.metadata], [undefined, undefined, undefined])
    assert.notEqual((await validate(token)).status, 200, `${method}: its token joins`)
    const right = Object.keys(video)[0]
    const asked = Object.entries(methods).map(async ([other, [needed]]) => {
      const { status, text, refused } = await ask(other, token)
      // An admin of one room is none of another: `methods` ask about another one.
      const may = needed === right && right !== 'roomAdmin'
      assert.equal(refused, !may, `${other} with the token of ${method}: ${status} ${text}`)
    })
    await Promise.all(asked)
  }
})

test('with another secret LiveKit refuses us, and says so in words that we do not pass on', async () => {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const secret = 'wrong-secret-0123456789abcdef0123456789abcdef'
  const vars = usualVars({ livekit: stage.calls.url, s3: stage.s3 }, address)
  const worker = await startWorker(port, { ...vars, LIVEKIT_API_SECRET: secret })
  try {
    const other = { sql: worker.sql, s3: stage.s3 }
    await addStream(other, 'mine', { room_name: 'mine', owns_room: 1 })
    const call = async (path, body) => {
      const headers = { authorization: `Bearer ${stage.token('alice')}`, 'content-type': 'application/json' }
      const response = await fetch(`${address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return { status: response.status, text: await response.text() }
    }
    const before = stage.calls.passed.length
    const joined = await call('/livekit-token', { roomName: 'mine', role: 'host' })
    assert.equal(joined.status, 201, joined.text)
    assert.equal((await validate(JSON.parse(joined.text).participant_token)).status, 401)
    const made = await call('/livekit-token', { roomName: 'new', role: 'host' })
    assert.equal(made.status, 502, made.text)
    assert.match(made.text, /LIVEKIT_API_SECRET/)
    const refusals = stage.calls.passed.slice(before)
    assert.ok(refusals.length > 0 && refusals.every(({ status }) => status === 401))
    // Seen: LiveKit's own words repeat our token.
    assert.ok(refusals.some(({ answer }) => answer.includes('eyJ')), refusals[0].answer)
    const told = [joined, made].map(({ text }) => text.replace(/"participant_token":"[^"]*"/, '')).join() + JSON.stringify(worker.logs())
    for (const word of ['eyJ', 'invalid token', secret, livekitKey.secret, authSecret]) assert.ok(!told.includes(word), word)
    // And a webhook of the real project is not for this Worker.
    await stage.p.admin.createRoom({ name: 'signed', emptyTimeout: 600 })
    const about = ({ body }) => body && JSON.parse(body).room?.name === 'signed'
    const { body, headers } = await waitFor(() => stage.hooks.passed.find(about))
    const answer = await fetch(`${address}/livekit-webhook`, { method: 'POST', body, headers: { authorization: headers.authorization } })
    assert.equal(answer.status, 401)
  } finally {
    await worker.stop()
  }
})

test('no line of the log tells a secret', () => stage.p.tellsNoSecret())
