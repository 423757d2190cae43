// Every route, asked by every kind of caller. alice owns what is asked for, once public and once private.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused, comparable } from './harness/answers.mjs'
import { anonymousCallers, refusedCallers, signedInCallers } from './harness/callers.mjs'
import { livekitKey, start } from './harness/harness.mjs'
import { addJob, addRecording, addStream, contents } from './harness/rows.mjs'

// Of each route: what nobody, a stranger, the owner and an admin get. `{pub}` and `{priv}` are ids of this caller's own
// fixtures; the last column is the body. Ending comes last, for it changes what the others find.
const read = [200, 200, 200, 200]
const hidden = [404, 404, 200, 200]
const own = [401, 403, 200, 200]
const ownHidden = [401, 404, 200, 200]
const routes = [
  ['GET', '/api/streams', read],
  ['GET', '/api/streams?mine=true', [401, 200, 200, 200]],
  ['GET', '/api/streams/{pub}', read],
  ['HEAD', '/api/streams/{pub}', read],
  ['GET', '/api/streams/{priv}', hidden],
  ['HEAD', '/api/streams/{priv}', hidden],
  ['GET', '/api/streams/{pub}/viewers', read],
  ['GET', '/api/streams/{pub}/why', own],
  ['GET', '/api/streams/{priv}/why', ownHidden],
  ['GET', '/api/recordings/{pub}/why', own],
  ['GET', '/api/recordings/{priv}/why', ownHidden],
  ['GET', '/api/streams/{priv}/viewers', hidden],
  ['GET', '/api/recordings', read],
  ['GET', '/api/recordings?mine=true', [401, 200, 200, 200]],
  ['GET', '/api/recordings/{pub}', read],
  ['GET', '/api/recordings/{priv}', hidden],
  ['GET', '/api/recordings/{pub}/playback', read],
  ['GET', '/api/recordings/{priv}/playback', hidden],
  ['HEAD', '/api/recordings/{pub}/download', [302, 302, 302, 302]],
  ['GET', '/api/recordings/{priv}/download', [404, 404, 302, 302]],
  ['POST', '/api/recordings/{priv}/download', hidden],
  ['PATCH', '/api/streams/{pub}', own, { title: 'Changed' }],
  ['PATCH', '/api/streams/{priv}', ownHidden, { title: 'Changed' }],
  ['PATCH', '/api/recordings/{pub}', own, { title: 'Changed' }],
  ['PATCH', '/api/recordings/{priv}', ownHidden, { title: 'Changed' }],
  ['POST', '/api/streams', [401, 409, 200, 409], { title: 'Mine', roomName: 'room-{pub}' }],
  ['POST', '/api/streams', [401, 409, 200, 409], { title: 'Mine', roomName: 'room-{priv}' }],
  ['POST', '/livekit-token', [401, 409, 201, 409], { roomName: 'room-{pub}', role: 'host' }],
  ['POST', '/livekit-token', [401, 409, 201, 409], { roomName: 'room-{priv}', role: 'host' }],
  ['POST', '/livekit-token', [401, 201, 201, 201], { roomName: 'room-{pub}', role: 'viewer' }],
  ['POST', '/functions/v1/livekit-token', [401, 404, 201, 201], { roomName: 'room-{priv}', role: 'viewer' }],
  ['POST', '/livekit-egress', [401, 403, 202, 202], { roomName: 'room-{pub}' }],
  ['POST', '/livekit-egress', [401, 404, 202, 202], { roomName: 'room-{priv}' }],
  ['POST', '/functions/v1/livekit-egress', [401, 403, 202, 202], { roomName: 'room-{pub}', streamId: '{pub}' }],
  ['POST', '/livekit-egress/stop', own, { roomName: 'room-{pub}' }],
  ['POST', '/livekit-egress/stop', ownHidden, { roomName: 'room-{priv}' }],
  ['POST', '/livekit-egress/stop', own, { egressId: 'EG_of_{pub}' }],
  ['POST', '/functions/v1/livekit-egress/stop', ownHidden, { egressId: 'EG_of_{priv}' }],
  ['POST', '/api/streams/{pub}/end', own],
  ['POST', '/api/streams/{priv}/end', ownHidden],
]
const kinds = ['nobody', 'stranger', 'owner', 'admin']

let stage
let fixtures = 0
before(async () => (stage = await start({ vars: { ADMIN_USER_IDS: 'ops2, root' } })))
after(() => stage?.stop())

/** What alice has, under new names. */
async function fixture() {
  const [pub, priv] = [`pub-${++fixtures}`, `priv-${fixtures}`]
  for (const [id, visibility] of [[pub, 'public'], [priv, 'private']]) {
    await addStream(stage, id, { visibility })
    await addJob(stage, id)
    await addRecording(stage, id, { visibility })
  }
  return { pub, priv }
}

const fill = (text, ids) => text.replaceAll('{pub}', ids.pub).replaceAll('{priv}', ids.priv)

function ask([method, path, , body], ids, headers) {
  const filled = body && JSON.parse(fill(JSON.stringify(body), ids))
  return stage.api(method, fill(path, ids), { headers, body: filled })
}

const shown = ([method, path, , body], caller) => `${caller}: ${method} ${path} ${JSON.stringify(body ?? '')}`

function assertAnswer(route, expected, caller, answer, code) {
  assert.equal(answer.status, expected, `${shown(route, caller)}: ${answer.text}`)
  if (expected >= 400 && route[0] !== 'HEAD') assertRefused(answer, expected, code, shown(route, caller))
}

async function assertEach(kind, callers) {
  for (const [caller, headers] of Object.entries(callers)) {
    const ids = await fixture()
    for (const route of routes) {
      assertAnswer(route, route[2][kinds.indexOf(kind)], caller, await ask(route, ids, headers))
    }
  }
}

test('who is signed in with nothing, or with a public key, reads what is public and changes nothing', async () => {
  const ids = await fixture()
  const before = await contents(stage)
  for (const [caller, headers] of Object.entries(await anonymousCallers())) {
    for (const route of routes) assertAnswer(route, route[2][0], caller, await ask(route, ids, headers))
  }
  assert.deepEqual(await contents(stage), before)
})

test('a token that is not one of ours is 401 on every route, whatever else is true, and changes nothing', async () => {
  const ids = await fixture()
  const { body } = await stage.api('POST', '/livekit-token', { user: 'alice', body: { roomName: `room-${ids.pub}` } })
  const callers = await refusedCallers({ livekitToken: body.participant_token, livekitSecret: livekitKey.secret })
  const before = await contents(stage)
  for (const [caller, authorization] of Object.entries(callers)) {
    for (const route of routes) assertAnswer(route, 401, caller, await ask(route, ids, { authorization }), 'invalid_token')
  }
  assert.deepEqual(await contents(stage), before)
  const log = JSON.stringify(stage.logs())
  for (const [caller, text] of Object.entries(callers)) {
    const secret = text.split('.')[2] ?? ''
    if (secret.length > 20) assert.ok(!log.includes(secret.slice(0, 20)), `the log has the token of: ${caller}`)
  }
})

test('another user gets 403 on what is public and 404 on what is private', async () => {
  const { stranger } = await signedInCallers()
  await assertEach('stranger', stranger)
})

test('the owner may do everything with what is hers', async () => assertEach('owner', (await signedInCallers()).owner))

test('an admin may do everything but host in a room of somebody else', async () => assertEach('admin', (await signedInCallers()).admin))

test('what is private is answered in the very words of what was never there', async () => {
  const ids = await fixture()
  const never = { pub: ids.pub, priv: 'never-there' }
  const { stranger } = await signedInCallers()
  const differ = []
  for (const [caller, headers] of [['nobody', {}], ['bob', stranger.bob]]) {
    for (const route of routes.filter(([, path, , body]) => `${path} ${JSON.stringify(body)}`.includes('{priv}'))) {
      if (route[2][1] !== 404 || route[0] === 'HEAD') continue
      const [there, nowhere] = [comparable(await ask(route, ids, headers)), comparable(await ask(route, never, headers))]
      if (JSON.stringify(there) !== JSON.stringify(nowhere)) differ.push({ request: shown(route, caller), there, nowhere })
    }
  }
  assert.deepEqual(differ, [])
})

test('the id of a private stream, sent along with a room of one\'s own, is answered like an id that is nobody\'s', async () => {
  const ids = await fixture()
  await addStream(stage, `bobs-${fixtures}`, { owner_id: 'bob' })
  const start = (streamId) => stage.api('POST', '/livekit-egress', { user: 'bob', body: { roomName: `room-bobs-${fixtures}`, streamId } })
  assert.deepEqual(comparable(await start(ids.priv)), comparable(await start('never-there')))
})

test('the webhook takes no caller, only LiveKit; health asks nobody', async () => {
  const { admin, owner } = await signedInCallers()
  const body = { event: 'room_started', id: 'EV_1', room: { name: 'room-pub-1', sid: 'RM_1' } }
  for (const headers of [{}, ...Object.values(owner), ...Object.values(admin)]) {
    assertRefused(await stage.api('POST', '/livekit-webhook', { headers, body }), 401)
    assert.equal((await stage.api('GET', '/healthz', { headers })).status, 200)
  }
  assert.equal((await stage.api('GET', '/healthz', { headers: { authorization: 'garbage' } })).status, 200)
  assert.equal((await stage.sql('SELECT count(*) AS n FROM webhook_events'))[0].n, 0)
})
