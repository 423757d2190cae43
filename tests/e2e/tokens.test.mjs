// POST /livekit-token: what is in a token, read by LiveKit's own SDK.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TokenVerifier } from 'livekit-server-sdk'
import { assertRefused } from './harness/answers.mjs'
import { livekitKey, start, storjKey } from './harness/harness.mjs'

let stage
before(async () => (stage = await start()))
after(() => stage?.stop())

const verifier = new TokenVerifier(livekitKey.key, livekitKey.secret)
const ask = (user, body, worker = stage) => worker.api('POST', '/livekit-token', { user, body })

async function minted(user, body, worker = stage) {
  const answer = await ask(user, body, worker)
  assert.equal(answer.status, 201, answer.text)
  return { ...answer.body, claims: await verifier.verify(answer.body.participant_token) }
}

const hostGrants = (room) => ({ roomJoin: true, room, canPublish: true, canSubscribe: true, canPublishData: true })
const viewerGrants = (room) => ({ ...hostGrants(room), canPublish: false, canPublishData: false })

test('a host\'s token: the answer that README names, ten minutes, the caller\'s own identity, these grants and no other', async () => {
  const asked = Date.now()
  const answer = await ask('alice', { roomName: 'own', role: 'host', title: 'Mine' })
  assert.equal(answer.status, 201)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.deepEqual(Object.keys(answer.body).sort(), ['expiresAt', 'participant_token', 'role', 'server_url', 'streamId'])
  assert.equal(answer.body.role, 'host')
  assert.equal(answer.body.server_url, stage.livekit.replace('http', 'ws'))
  assert.match(answer.body.expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  const lives = Date.parse(answer.body.expiresAt) - asked
  assert.ok(lives > 590_000 && lives <= 605_000, `${lives} ms`)

  const { iat: _, ...claims } = await verifier.verify(answer.body.participant_token)
  assert.ok(Math.abs(claims.exp * 1000 - Date.parse(answer.body.expiresAt)) < 1_000)
  assert.ok(claims.exp - claims.nbf <= 600, 'joins for ten minutes at most')
  assert.deepEqual(claims, {
    iss: livekitKey.key,
    sub: 'alice',
    nbf: claims.nbf,
    exp: claims.exp,
    video: hostGrants('own'),
    attributes: { role: 'host', record: 'false', saveToStorj: 'false', quality: '1080p' },
  })
  const stream = await stage.api('GET', `/api/streams/${answer.body.streamId}`)
  assert.deepEqual([stream.body.title, stream.body.roomName, stream.body.visibility], ['Mine', 'own', 'public'])
})

test('a viewer\'s token: the identity is the user, ~ and letters, another each time; nothing may be published', async () => {
  const { streamId } = await minted('alice', { roomName: 'watched', role: 'host' })
  const [first, second] = [await minted('bob', { roomName: 'watched' }), await minted('bob', { roomName: 'watched', role: 'viewer' })]
  for (const token of [first, second]) {
    assert.deepEqual([token.role, token.streamId], ['viewer', streamId])
    assert.match(token.claims.sub, /^bob~[a-z]{6,}$/)
    assert.deepEqual(token.claims.video, viewerGrants('watched'))
    assert.equal(token.claims.attributes.role, 'viewer')
  }
  assert.notEqual(first.claims.sub, second.claims.sub)
  const owner = await minted('alice', { roomName: 'watched', role: 'viewer' })
  assert.match(owner.claims.sub, /^alice~[a-z]+$/)
  assert.deepEqual(owner.claims.video, viewerGrants('watched'))
})

test('without a role the owner is host, everybody else a viewer', async () => {
  await minted('alice', { roomName: 'no-role', role: 'host' })
  assert.equal((await minted('alice', { roomName: 'no-role' })).role, 'host')
  assert.equal((await minted('bob', { roomName: 'no-role' })).role, 'viewer')
  assertRefused(await ask('bob', { roomName: 'nobody-made-it' }), 404, 'room_not_found')
  assertRefused(await ask('bob', { roomName: 'nobody-made-it', role: 'viewer' }), 404, 'room_not_found')
})

test('what is recorded and how is in the attributes, the same for host and viewer', async () => {
  const settings = { record: true, saveToStorj: true, quality: '4k', visibility: 'private', title: 'All set' }
  const host = await minted('alice', { roomName: 'settings', role: 'host', ...settings })
  const attributes = { record: 'true', saveToStorj: 'true', quality: '4k' }
  assert.deepEqual(host.claims.attributes, { role: 'host', ...attributes })
  const viewer = await minted('alice', { roomName: 'settings', role: 'viewer' })
  assert.deepEqual(viewer.claims.attributes, { role: 'viewer', ...attributes })
  const [row] = await stage.sql('SELECT * FROM live_streams WHERE id = ?', host.streamId)
  assert.deepEqual([row.record, row.save_to_storj, row.quality, row.visibility, row.title, row.wish], [1, 1, '4k', 'private', 'All set', 'auto'])
  assertRefused(await ask('bob', { roomName: 'settings' }), 404, 'room_not_found')
})

test('LiveKit\'s own names for the same request: one answer in both dialects, mixed ones too', async () => {
  const ours = { participantName: 'Alice A.', participantMetadata: '{"x":1}', participantAttributes: { team: 'red' }, participantIdentity: 'alice' }
  const theirs = Object.fromEntries(Object.entries(ours).map(([k, v]) => [k.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), v]))
  const tokens = [
    await minted('alice', { roomName: 'dialects', role: 'host', ...ours }),
    await minted('alice', { room_name: 'dialects', ...theirs }),
    await minted('alice', { room_name: 'dialects', ...ours }),
  ]
  for (const { claims, streamId } of tokens) {
    assert.equal(streamId, tokens[0].streamId)
    assert.deepEqual([claims.sub, claims.name, claims.metadata], ['alice', 'Alice A.', '{"x":1}'])
    assert.deepEqual(claims.attributes, { team: 'red', role: 'host', record: 'false', saveToStorj: 'false', quality: '1080p' })
    assert.deepEqual(claims.video, hostGrants('dialects'))
  }
})

test('nobody joins as somebody else, configures the room or takes an attribute that is ours', async () => {
  await minted('alice', { roomName: 'closed', role: 'host' })
  const wrong = [
    { participant_identity: 'bob' },
    { participant_identity: 'alice~x' },
    { participantIdentity: 'Alice' },
    { room_config: {} },
    { roomConfig: { egress: { room: { roomName: 'closed' } } } },
    { room_config: { agents: [] } },
    { kind: 'agent' },
    { grants: { roomAdmin: true } },
    { video: { roomRecord: true } },
    { hidden: true },
    { ttl: 86_400 },
    ...['role', 'record', 'saveToStorj', 'quality', 'lk.agent.state', 'lk.'].map((name) => ({ participant_attributes: { [name]: 'x' } })),
  ]
  for (const more of wrong) {
    for (const role of ['host', 'viewer']) assertRefused(await ask('alice', { roomName: 'closed', role, ...more }), 400, undefined, JSON.stringify(more))
  }
})

test('no storage key, no egress and no server\'s right is in any token', async () => {
  const tokens = [
    await minted('alice', { roomName: 'secrets', role: 'host', record: true, saveToStorj: true }),
    await minted('bob', { roomName: 'secrets' }),
  ]
  for (const { participant_token: text } of tokens) {
    const plain = text.split('.').slice(0, 2).map((part) => Buffer.from(part, 'base64url').toString()).join()
    for (const word of [storjKey.key, storjKey.secret, livekitKey.secret, stage.s3, 'egress', 'roomRecord', 'roomAdmin', 'roomCreate', 'roomList']) {
      assert.ok(!plain.includes(word), `${word} in ${plain}`)
    }
    for (const right of ['hidden', 'recorder', 'agent', 'ingressAdmin', 'canUpdateOwnMetadata', 'sip', 'roomConfig']) {
      assert.ok(!plain.includes(`"${right}"`), `${right} in ${plain}`)
    }
  }
})

test('LiveKit takes the tokens: the host publishes, a viewer does not', async () => {
  const host = await minted('alice', { roomName: 'joined', role: 'host' })
  const viewer = await minted('bob', { roomName: 'joined' })
  const joined = await stage.dev('/dev/join', { token: host.participant_token, publish: true })
  assert.deepEqual([joined.room.name, joined.participant.identity, joined.tracks.length > 0], ['joined', 'alice', true])
  await assert.rejects(stage.dev('/dev/join', { token: viewer.participant_token, publish: true }), /403/)
  assert.equal((await stage.dev('/dev/join', { token: viewer.participant_token })).participant.identity, viewer.claims.sub)
})

test('a name, metadata and attributes survive whatever letters they are written in', async () => {
  const participant_name = 'Zoë “Ω” 😀 \\ "x"'
  const participant_attributes = { 'ключ': 'значение 😀', empty: '' }
  const { claims } = await minted('zoë@example.com', { roomName: 'room é 😀/..?', role: 'host', participant_name, participant_attributes })
  assert.deepEqual([claims.sub, claims.name, claims.video.room], ['zoë@example.com', participant_name, 'room é 😀/..?'])
  assert.equal(claims.attributes['ключ'], 'значение 😀')
})
