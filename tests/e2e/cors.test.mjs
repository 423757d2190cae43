// CORS: which pages may call, and that they can read every answer, refusals too.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start } from './harness/harness.mjs'
import { rawRequest } from './harness/raw.mjs'
import { addRecording, addStream } from './harness/rows.mjs'

const app = 'https://app.example'
const local = 'http://localhost:5173'
const strangers = ['https://evil.example', 'http://app.example', 'https://app.example.evil.example', 'https://app.example:8443', 'https://xapp.example', 'null']
const headers = ['authorization', 'apikey', 'x-client-info', 'content-type']

let listed, open, closed
before(async () => {
  listed = await start({ vars: { ALLOWED_ORIGINS: `${app}, ${local}/` } })
  open = await start({ vars: { ALLOWED_ORIGINS: '*' } })
  closed = await start()
  for (const stage of [listed, open, closed]) {
    await addStream(stage, 's1')
    await addRecording(stage, 'r1')
  }
})
after(() => Promise.all([listed, open, closed].map((stage) => stage?.stop())))

const acao = (answer) => answer.headers.get('access-control-allow-origin')
const names = (text) => (text ?? '').split(',').map((name) => name.trim().toLowerCase())

function preflight(stage, path, origin, method = 'POST') {
  const asked = { origin, 'access-control-request-method': method, 'access-control-request-headers': headers.join(', ') }
  return stage.api('OPTIONS', path, { headers: asked })
}

/** Answers of every kind: `{what it is: answer}`. */
async function answers(stage, origin) {
  const json = { origin, 'content-type': 'application/json' }
  const by = (token) => ({ ...json, authorization: `Bearer ${token}` })
  const alice = stage.token('alice')
  const post = (given) => stage.api('POST', '/api/streams', given)
  return {
    '200 list': await stage.api('GET', '/api/streams', { headers: { origin } }),
    '200 playback': await stage.api('GET', '/api/recordings/r1/playback', { headers: { origin } }),
    '200 health': await stage.api('GET', '/healthz', { headers: { origin } }),
    '201 made': await post({ headers: by(alice), body: '{"title":"x"}' }),
    '400 not JSON': await post({ headers: by(alice), body: '{' }),
    '401 nobody': await post({ headers: json, body: '{"title":"x"}' }),
    '401 bad token': await stage.api('GET', '/api/streams', { headers: by('garbage') }),
    "403 somebody else's": await stage.api('PATCH', '/api/streams/s1', { headers: by(stage.token('bob')), body: '{"title":"x"}' }),
    '404 no such route': await stage.api('GET', '/nowhere', { headers: { origin } }),
    '404 no such recording': await stage.api('GET', '/api/recordings/nope', { headers: { origin } }),
    '405 method': await stage.api('DELETE', '/api/streams', { headers: { origin } }),
    '409 taken': await post({ headers: by(stage.token('bob')), body: '{"title":"x","roomName":"room-s1"}' }),
    '413 too long': await rawRequest(stage.worker, 'POST', '/api/streams', { headers: by(alice), body: ' '.repeat(100_000) }),
    '415 text': await post({ headers: { ...by(alice), 'content-type': 'text/plain' }, body: '{}' }),
  }
}

test('a preflight is 204 with the headers that Supabase\'s client sends, for each allowed origin and each route', async () => {
  for (const [stage, origins] of [[listed, [app, local]], [open, [app, 'https://any.example', 'null']]]) {
    for (const origin of origins) {
      for (const [path, method] of [['/livekit-egress', 'POST'], ['/functions/v1/livekit-token', 'POST'], ['/api/streams/s1', 'PATCH'], ['/api/recordings', 'GET']]) {
        const answer = await preflight(stage, path, origin, method)
        assert.deepEqual([answer.status, answer.text], [204, ''], path)
        assert.equal(acao(answer), stage === open ? '*' : origin)
        const allowed = names(answer.headers.get('access-control-allow-headers'))
        for (const header of headers) assert.ok(allowed.includes(header), header)
        const methods = names(answer.headers.get('access-control-allow-methods'))
        for (const name of ['get', 'post', 'patch', 'delete', 'put']) assert.ok(methods.includes(name), name)
      }
    }
  }
})

test('an origin that is not allowed gets no permission, neither for a preflight nor for an answer', async () => {
  for (const [stage, origins] of [[listed, strangers], [closed, [...strangers, app, closed.worker]]]) {
    for (const origin of origins) {
      assert.equal(acao(await preflight(stage, '/livekit-egress', origin)), null, origin)
      assert.equal(acao(await stage.api('GET', '/api/streams', { headers: { origin } })), null, origin)
      assert.equal(acao(await stage.api('GET', '/nowhere', { headers: { origin } })), null, origin)
    }
  }
})

test('a page can read every answer, refusals among them, and the request id', async () => {
  for (const [stage, expected] of [[listed, app], [open, '*']]) {
    const silent = []
    for (const [what, answer] of Object.entries(await answers(stage, app))) {
      assert.equal(answer.status, Number(what.slice(0, 3)), `${what}: ${answer.text}`)
      const exposed = names(answer.headers.get('access-control-expose-headers'))
      if (acao(answer) !== expected || !exposed.includes('x-request-id')) silent.push(what)
    }
    assert.deepEqual(silent, [], `without CORS headers (ALLOWED_ORIGINS ${expected})`)
  }
})

test('answers that depend on the origin say so to caches, and never allow credentials', async () => {
  for (const origin of [app, strangers[0]]) {
    for (const answer of [await preflight(listed, '/api/streams', origin), await listed.api('GET', '/api/streams', { headers: { origin } })]) {
      assert.ok(names(answer.headers.get('vary')).includes('origin'), origin)
      assert.equal(answer.headers.get('access-control-allow-credentials'), null)
    }
  }
  assert.equal(acao(await listed.api('GET', '/api/streams')), null)
})
