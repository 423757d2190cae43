// POST /livekit-token: who gets a token for which room, and whose a room's name is.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AccessToken } from 'livekit-server-sdk'
import { assertRefused, comparable } from './harness/answers.mjs'
import { livekitKey, start } from './harness/harness.mjs'
import { addStream, rowCounts } from './harness/rows.mjs'

let stage, open
before(async () => {
  stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })
  open = await start({ vars: { ANONYMOUS_VIEWERS: 'true', ROOM_PREFIX: 'here-', DEFAULT_VISIBILITY: 'private', DEFAULT_QUALITY: '720p' } })
})
after(async () => {
  await stage?.stop()
  await open?.stop()
})

const ask = (user, body, worker = stage) => worker.api('POST', '/livekit-token', { user, body })
const host = (user, roomName, worker) => ask(user, { roomName, role: 'host' }, worker)

/** A room of another backend that shares the LiveKit project. */
async function foreignRoom(name, worker = stage) {
  const token = new AccessToken(livekitKey.key, livekitKey.secret, { identity: 'elsewhere' })
  token.addGrant({ roomJoin: true, room: name })
  await worker.dev('/dev/join', { token: await token.toJwt(), publish: true })
}

test('a name that is owned here is 409 for everybody else, admins too, also by POST /api/streams', async () => {
  assert.equal((await host('alice', 'taken')).status, 201)
  for (const user of ['bob', 'Alice', 'root']) {
    assertRefused(await host(user, 'taken'), 409, 'room_taken')
    assertRefused(await stage.api('POST', '/api/streams', { user, body: { title: 'x', roomName: 'taken' } }), 409, 'room_taken')
  }
  assert.equal((await stage.sql("SELECT count(*) AS n FROM live_streams WHERE room_name = 'taken'"))[0].n, 1)
})

test('the name stays the owner\'s after the stream has ended', async () => {
  await addStream(stage, 'old', { status: 'ended', ended_at: Date.now() - 3_600_000, ended_by: 'room', created_at: Date.now() - 7_200_000 })
  assertRefused(await host('bob', 'room-old'), 409, 'room_taken')
  assertRefused(await stage.api('POST', '/api/streams', { user: 'bob', body: { title: 'x', roomName: 'room-old' } }), 409, 'room_taken')
  const again = await host('alice', 'room-old')
  assert.equal(again.status, 201)
  assert.notEqual(again.body.streamId, 'old')
})

test('a room that LiveKit has and we do not is nobody\'s here: no token for it, whatever the role', async () => {
  await foreignRoom('theirs')
  const streams = async () => (await rowCounts(stage)).live_streams
  const before = await streams()
  for (const user of ['bob', 'elsewhere', 'root']) {
    assertRefused(await host(user, 'theirs'), 409, 'room_taken')
    assertRefused(await ask(user, { roomName: 'theirs', role: 'viewer' }), 404, 'room_not_found')
    assertRefused(await ask(user, { roomName: 'theirs' }), 404, 'room_not_found')
    assertRefused(await stage.api('POST', '/api/streams', { user, body: { title: 'x', roomName: 'theirs' } }), 409, 'room_taken')
  }
  assert.equal(await streams(), before)
})

test('LiveKit not answering is not "has not": a new name is 503, one that is ours is not asked about', async () => {
  assert.equal((await host('alice', 'known')).status, 201)
  await stage.dev('/dev/faults', { lists: 'internal' })
  try {
    const refused = await host('alice', 'new-in-the-dark')
    assertRefused(refused, 503, 'livekit_unavailable')
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    assertRefused(await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'x', roomName: 'new-too' } }), 503, 'livekit_unavailable')
    assert.equal((await host('alice', 'known')).status, 201)
    assert.equal((await ask('bob', { roomName: 'known' })).status, 201)
  } finally {
    await stage.dev('/dev/faults', { reset: true })
  }
  assert.equal((await stage.sql("SELECT count(*) AS n FROM live_streams WHERE room_name LIKE 'new-%'"))[0].n, 0)
  assert.equal((await host('bob', 'new-in-the-dark')).status, 201)
})

test('a private room is for its owner and admins; to others it is not there', async () => {
  assert.equal((await ask('alice', { roomName: 'secret', role: 'host', visibility: 'private' })).status, 201)
  const unknown = comparable(await ask('bob', { roomName: 'never-there', role: 'viewer' }))
  for (const body of [{ roomName: 'secret', role: 'viewer' }, { roomName: 'secret' }]) {
    assert.deepEqual(comparable(await ask('bob', body)), unknown)
    assert.equal((await ask('root', body)).body.role, 'viewer')
  }
  assert.equal(unknown.status, 404)
})

test('what has ended has no viewers any more', async () => {
  for (const by of ['owner', 'room']) {
    const ended = { status: 'ended', ended_at: Date.now() - 1_000, ended_by: by }
    await addStream(stage, `ended-${by}`, ended)
    for (const user of ['bob', 'alice']) {
      assertRefused(await ask(user, { roomName: `room-ended-${by}`, role: 'viewer' }), 409, 'stream_ended', `${by} ${user}`)
    }
    await addStream(stage, `hidden-${by}`, { ...ended, visibility: 'private' })
    assertRefused(await ask('bob', { roomName: `room-hidden-${by}`, role: 'viewer' }), 404, 'room_not_found')
  }
})

test('the owner\'s next host token opens what ended by itself within 15 minutes, and makes a new stream of all else', async () => {
  const minute = 60_000
  const cases = [
    ['just now', { ended_by: 'room', ended_at: Date.now() - minute }, true],
    ['14 minutes ago', { ended_by: 'room', ended_at: Date.now() - 14 * minute }, true],
    ['16 minutes ago', { ended_by: 'room', ended_at: Date.now() - 16 * minute }, false],
    ['on purpose', { ended_by: 'owner', ended_at: Date.now() - minute }, false],
  ]
  for (const [at, [what, ended, opens]] of cases.entries()) {
    await addStream(stage, `again-${at}`, { status: 'ended', created_at: Date.now() - 60 * minute, ...ended })
    const { body } = await host('alice', `room-again-${at}`)
    assert.equal(body.streamId === `again-${at}`, opens, what)
    const found = await stage.api('GET', `/api/streams/${body.streamId}`)
    assert.deepEqual([found.body.status, found.body.endedAt], ['created', null], what)
    assert.equal((await host('alice', `room-again-${at}`)).body.streamId, body.streamId, what)
  }
})

test('ten first requests at once: one owner for the room, and one stream', async () => {
  const users = Array.from({ length: 10 }, (_, i) => `user-${i}`)
  const answers = await Promise.all(users.map((user) => host(user, 'contested')))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(9).fill(409)])
  const same = await Promise.all(users.map(() => host('alice', 'hers-alone')))
  assert.equal(new Set(same.map(({ body }) => body.streamId)).size, 1)
})

test('with ANONYMOUS_VIEWERS a public stream is watched without signing in, each time as another guest', async () => {
  const made = await ask('alice', { roomName: 'here-open', role: 'host', visibility: 'public' }, open)
  assert.equal(made.status, 201)
  const guests = [await ask(undefined, { roomName: 'here-open' }, open), await ask(undefined, { roomName: 'here-open', role: 'viewer' }, open)]
  const identities = guests.map(({ status, body }) => {
    assert.deepEqual([status, body.role], [201, 'viewer'])
    return JSON.parse(Buffer.from(body.participant_token.split('.')[1], 'base64url')).sub
  })
  assert.notEqual(...identities)
  for (const identity of identities) assert.ok(!identity.startsWith('alice'))
  assertRefused(await ask(undefined, { roomName: 'here-open', role: 'host' }, open), 401, 'not_signed_in')
  assertRefused(await ask(undefined, { roomName: 'here-open', participant_identity: 'alice' }, open), 401)
  assert.equal((await host('alice', 'here-private', open)).status, 201)
  assertRefused(await ask(undefined, { roomName: 'here-private' }, open), 404, 'room_not_found')
  assertRefused(await ask(undefined, { roomName: 'here-open' }, stage), 401, 'not_signed_in')
})

test('ROOM_PREFIX: only names that begin so can be owned, generated ones do', async () => {
  assertRefused(await host('alice', 'elsewhere', open), 400, 'invalid_request')
  assertRefused(await open.api('POST', '/api/streams', { user: 'alice', body: { title: 'x', roomName: 'Here-x' } }), 400)
  assert.ok((await host('alice', 'elsewhere', open)).body.message.includes('here-'))
  const { status, body } = await open.api('POST', '/api/streams', { user: 'alice', body: { title: 'x' } })
  assert.deepEqual([status, body.roomName.startsWith('here-')], [201, true])
})

test('DEFAULT_VISIBILITY and DEFAULT_QUALITY are those of a new stream that says nothing', async () => {
  const { body } = await host('alice', 'here-defaults', open)
  const [row] = await open.sql('SELECT visibility, quality FROM live_streams WHERE id = ?', body.streamId)
  assert.deepEqual(row, { visibility: 'private', quality: '720p' })
  const said = await ask('alice', { roomName: 'here-said', role: 'host', visibility: 'public', quality: '4k' }, open)
  const [other] = await open.sql('SELECT visibility, quality FROM live_streams WHERE id = ?', said.body.streamId)
  assert.deepEqual(other, { visibility: 'public', quality: '4k' })
})
