// Pages written for the guide's Supabase functions work unchanged: only the address of the functions is another.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { FunctionsClient, FunctionsHttpError } from '@supabase/functions-js'
import { start } from './harness/harness.mjs'
import { play, sign } from './harness/play.mjs'

let stage
let p
const functions = (user) => {
  const client = new FunctionsClient(`${stage.worker}/functions/v1`, { headers: { apikey: 'sb_publishable_test' } })
  client.setAuth(user ? stage.token(user) : 'sb_publishable_test')
  return client
}

before(async () => {
  stage = await start()
  p = play(stage)
})
after(() => stage?.stop())

test('a whole broadcast by `functions.invoke`', async () => {
  const alice = functions('alice')
  const token = await alice.invoke('livekit-token', { body: { roomName: 'talk', role: 'host', title: 'A talk' } })
  assert.equal(token.error, null)
  assert.equal(token.data.role, 'host')
  await stage.dev('/dev/join', { token: token.data.participant_token, publish: true })
  const started = await alice.invoke('livekit-egress', { body: { roomName: 'talk', streamId: token.data.streamId } })
  assert.equal(started.error, null)
  const { success, egressId, filename, message } = started.data
  assert.equal(success, true)
  assert.match(egressId, /^EG_/)
  assert.match(filename, /^livekit-recordings\/alice\/talk_\d+\.mp4$/)
  assert.equal(typeof message, 'string')
  await p.until(token.data.streamId, 'recording')
  const stopped = await alice.invoke('livekit-egress/stop', { body: { egressId } })
  assert.equal(stopped.error, null)
  assert.deepEqual(stopped.data.stopped, [egressId])
  await p.ready(egressId)
})

test('errors are read as a Supabase function’s: the status, and our JSON in `context`', async () => {
  for (const [user, name, body, status, code] of [
    ['alice', 'livekit-egress', { roomName: 'nowhere' }, 404, 'room_not_found'],
    ['bob', 'livekit-egress', { roomName: 'talk' }, 403, 'not_owner'],
    ['bob', 'livekit-token', { roomName: 'talk', role: 'host' }, 409, 'room_taken'],
    ['alice', 'livekit-token', {}, 400, 'invalid_request'],
    [null, 'livekit-egress', { roomName: 'talk' }, 401, 'not_signed_in'],
  ]) {
    const { data, error } = await functions(user).invoke(name, { body })
    assert.equal(data, null)
    assert.ok(error instanceof FunctionsHttpError, code)
    assert.equal(error.context.status, status, code)
    const answer = await error.context.json()
    assert.deepEqual([answer.success, answer.code], [false, code])
    assert.ok(answer.message && answer.requestId)
  }
})

test('LiveKit’s webhook under the guide’s address is the same webhook', async () => {
  const event = { event: 'unknown_event', id: 'EV_supabase' }
  const body = JSON.stringify(event)
  const headers = { authorization: await sign(body), 'content-type': 'application/webhook+json' }
  assert.equal((await stage.api('POST', '/functions/v1/livekit-webhook', { body, headers })).status, 200)
  assert.equal((await stage.api('POST', '/functions/v1/livekit-webhook', { body: `${body} `, headers })).status, 401)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
