// POST /livekit-webhook: who is believed, what is taken, and what a webhook may weigh.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { SignJWT, UnsecuredJWT } from 'jose'
import { TokenVerifier } from 'livekit-server-sdk'
import { livekitKey, start } from './harness/harness.mjs'
import { rawRequest } from './harness/raw.mjs'
import { eventId, play, roomEvent, sign } from './harness/play.mjs'

const previous = { key: 'oldkey', secret: 'oldsecret-0123456789abcdef0123456789abcdef' }
let stage
let p
let stream

before(async () => {
  stage = await start({ vars: { LIVEKIT_API_KEY_PREVIOUS: previous.key, LIVEKIT_API_SECRET_PREVIOUS: previous.secret } })
  p = play(stage)
  stream = (await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Ours', roomName: 'ours' } })).body
})
after(() => stage?.stop())

const sessions = async () => (await stage.sql('SELECT sid FROM sessions ORDER BY sid')).map(({ sid }) => sid)
const filed = async (id) => (await stage.sql('SELECT count(*) AS n FROM webhook_events WHERE id = ?', id))[0].n
const seconds = (offset = 0) => Math.floor(Date.now() / 1000) + offset
const sha256 = (body, encoding = 'base64') => createHash('sha256').update(body).digest(encoding)

/** A webhook's token with any of it otherwise. */
function token(body, { key = livekitKey.key, secret = livekitKey.secret, alg = 'HS256', nbf = seconds(), exp = seconds(300), ...claims } = {}) {
  const jwt = new SignJWT({ sha256: sha256(body), ...claims }).setProtectedHeader({ alg, typ: 'JWT' }).setIssuer(key)
  if (exp !== null) jwt.setExpirationTime(exp)
  return jwt.setNotBefore(nbf).sign(new TextEncoder().encode(secret))
}

let rooms = 0
const opened = () => roomEvent('room_started', { name: 'ours', sid: `RM_webhook${++rooms}` })

test('signed by the official SDK: taken in, once committed', async () => {
  const event = opened()
  const { status, body } = await p.webhook(event)
  assert.deepEqual([status, body], [200, { success: true }])
  assert.ok((await sessions()).includes(event.room.sid))
  assert.equal(await filed(event.id), 1)
})

test('a clock that is off by less than a minute is forgiven', async () => {
  for (const times of [{ nbf: seconds(-600), exp: seconds(-30) }, { nbf: seconds(30) }]) {
    const event = opened()
    const authorization = await token(JSON.stringify(event), times)
    assert.equal((await p.webhook(event, { authorization })).status, 200)
  }
})

test('signed with the previous key while keys are rotated: taken in', async () => {
  const event = opened()
  const authorization = await sign(JSON.stringify(event), previous)
  assert.equal((await p.webhook(event, { authorization })).status, 200)
  assert.equal(await filed(event.id), 1)
})

test('with `Bearer` before the token, and with any content type: taken in', async () => {
  for (const type of ['application/webhook+json', 'application/json', 'text/plain', 'application/x-www-form-urlencoded', '']) {
    const event = opened()
    const authorization = `Bearer ${await sign(JSON.stringify(event))}`
    assert.equal((await p.webhook(event, { authorization, type })).status, 200, type)
  }
})

const forged = {
  'no token': () => '',
  'garbage': () => 'not.a.token',
  'another secret': (body) => token(body, { secret: 'another-secret-0123456789abcdef0123456789' }),
  'another API key': (body) => token(body, { key: 'otherkey' }),
  'our key’s name with the previous secret': (body) => token(body, { secret: previous.secret }),
  'expired over a minute ago': (body) => token(body, { nbf: seconds(-400), exp: seconds(-90) }),
  'not valid for over a minute': (body) => token(body, { nbf: seconds(90) }),
  'without an expiry': (body) => token(body, { exp: null }),
  'without the body’s hash': (body) => token(body, { sha256: undefined }),
  'with an empty hash': (body) => token(body, { sha256: '' }),
  'with the hash in hex': (body) => token(body, { sha256: sha256(body, 'hex') }),
  'of an altered body': (body) => token(`${body} `),
  'HS512': (body) => token(body, { alg: 'HS512' }),
  'alg none': (body) => new UnsecuredJWT({ sha256: sha256(body) }).setIssuer(livekitKey.key).setExpirationTime(seconds(300)).encode(),
  'a token to join with': async () => (await p.token('ours', 'alice', { role: 'host' })).participant_token,
  'a user’s own token': () => stage.token('alice', { admin: true }),
}
for (const [name, make] of Object.entries(forged)) {
  test(`refused with 401, and nothing is written: ${name}`, async () => {
    const event = opened()
    const written = await sessions()
    const { status, body, text } = await p.webhook(event, { authorization: await make(JSON.stringify(event)) })
    assert.deepEqual([status, body.code], [401, 'webhook_signature_refused'])
    assert.ok(!text.includes('eyJ'))
    assert.equal(await filed(event.id), 0)
    assert.deepEqual(await sessions(), written)
  })
}

test('no Authorization at all is 401', async () => {
  const { status } = await stage.api('POST', '/livekit-webhook', { body: JSON.stringify(opened()) })
  assert.equal(status, 401)
})

test('the same bytes in another order of keys are another body', async () => {
  const { event, ...rest } = opened()
  const authorization = await sign(JSON.stringify({ event, ...rest }))
  assert.equal((await p.webhook(null, { body: JSON.stringify({ ...rest, event }), authorization })).status, 401)
})

test('an unknown event is 200, so that LiveKit does not send it for ever', async () => {
  for (const event of [{ event: 'ingress_started', id: eventId(), ingressInfo: {} }, { event: 'something_new', id: eventId(), a: { b: [1] } }]) {
    assert.equal((await p.webhook(event)).status, 200)
    assert.equal(await filed(event.id), 1)
  }
})

test('another backend’s room is 200, and nothing of it is kept but the event’s id', async () => {
  const tables = ['live_streams', 'sessions', 'participants', 'audience', 'egresses', 'assets']
  const counts = async () => JSON.stringify(await Promise.all(tables.map((table) => stage.sql(`SELECT count(*) AS n FROM ${table}`))))
  const participant = { sid: 'PA_1', identity: 'mallory', joinedAt: `${seconds()}` }
  const egressInfo = {
    ...{ egressId: 'EG_foreign', roomId: 'RM_foreign', roomName: 'foreign', status: 'EGRESS_COMPLETE' },
    ...{ roomComposite: { roomName: 'foreign', fileOutputs: [{ filepath: 'theirs/file.mp4' }] } },
    fileResults: [{ filename: 'theirs/file.mp4', size: '5', location: 'https://s3/theirs/file.mp4' }],
  }
  const there = await counts()
  for (const name of ['room_started', 'participant_joined', 'track_published', 'participant_left', 'room_finished', 'egress_ended']) {
    const event = roomEvent(name, { name: 'foreign', sid: 'RM_foreign' }, { participant, egressInfo })
    assert.equal((await p.webhook(event)).status, 200)
    assert.equal(await filed(event.id), 1)
  }
  assert.equal(await counts(), there)
})

test('an egress of somebody else’s in our own room makes no recording', async () => {
  const egressInfo = {
    ...{ egressId: 'EG_theirs', roomId: 'RM_webhook1', roomName: 'ours', status: 'EGRESS_COMPLETE' },
    fileResults: [{ filename: 'theirs.mp4', size: '5', location: 'https://s3/theirs.mp4' }],
  }
  assert.equal((await p.webhook({ event: 'egress_ended', id: eventId(), egressInfo })).status, 200)
  assert.deepEqual(await p.recordings(), [])
})

test('the same event twice counts once', async () => {
  const event = roomEvent('participant_joined', { name: 'ours', sid: opened().room.sid }, { participant: { sid: 'PA_twice', identity: 'bob~twice' } })
  const again = JSON.parse(JSON.stringify(event))
  again.participant.sid = 'PA_other'
  assert.equal((await p.webhook(event)).status, 200)
  assert.equal((await p.webhook(event)).status, 200)
  assert.equal((await p.webhook(again)).status, 200, 'known by its id alone')
  assert.deepEqual((await stage.sql("SELECT sid FROM participants WHERE sid IN ('PA_twice', 'PA_other')")).map(({ sid }) => sid), ['PA_twice'])
  assert.equal((await p.stream(stream.id)).viewerCount, 1)
})

test('2 MB of metadata are taken in; more than 8 MiB is 413', async () => {
  const event = opened()
  event.room.metadata = 'ü<>&"'.repeat(350_000)
  assert.ok(JSON.stringify(event).length > 2_000_000)
  assert.equal((await p.webhook(event)).status, 200)
  assert.ok((await sessions()).includes(event.room.sid))
  const large = opened()
  large.room.metadata = 'x'.repeat(9_000_000)
  const text = JSON.stringify(large)
  const headers = { authorization: await sign(text), 'content-type': 'application/webhook+json' }
  // Not by `fetch`: the answer comes before the body has gone out.
  const { status, body } = await rawRequest(stage.worker, 'POST', '/livekit-webhook', { headers, body: text })
  assert.deepEqual([status, body?.code], [413, 'body_too_large'])
  assert.match(body.message, /8388608/)
})

test('a signed body that is no event is 400, and says so', async () => {
  for (const body of ['', '[]', 'null', '{', '{"event":"room_started"}', '{"event":5,"id":"EV_1"}']) {
    const { status, body: answer } = await p.webhook(null, { body })
    assert.deepEqual([status, answer.code], [400, 'invalid_request'], body)
  }
})

test('our join tokens pass the official verifier, with just the grants that a host or a viewer needs', async () => {
  const verifier = new TokenVerifier(livekitKey.key, livekitKey.secret)
  const common = { roomJoin: true, room: 'ours', canSubscribe: true }
  const host = await verifier.verify((await p.token('ours', 'alice', { role: 'host' })).participant_token)
  assert.equal(host.sub, 'alice')
  assert.deepEqual(host.video, { ...common, canPublish: true, canPublishData: true })
  const viewer = await verifier.verify((await p.token('ours', 'bob')).participant_token)
  assert.match(viewer.sub, /^bob~[a-z]{8,}$/)
  assert.deepEqual(viewer.video, { ...common, canPublish: false, canPublishData: false })
  for (const claims of [host, viewer]) {
    assert.ok(claims.exp - seconds() <= 600 && claims.exp - seconds() > 500)
    assert.deepEqual(Object.keys(claims).sort(), ['attributes', 'exp', 'iss', 'nbf', 'sub', 'video'])
    assert.deepEqual(Object.keys(claims.attributes).sort(), ['quality', 'record', 'role', 'saveToStorj'])
  }
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
