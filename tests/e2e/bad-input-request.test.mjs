// Requests that are wrong before their body is read as JSON: too long, of another type, method, path or query.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start } from './harness/harness.mjs'
import { rawRequest } from './harness/raw.mjs'
import { addRecording, addStream, contents } from './harness/rows.mjs'

const paths = {
  '/livekit-egress': ['POST'],
  '/livekit-egress/stop': ['POST'],
  '/livekit-webhook': ['POST'],
  '/livekit-token': ['POST'],
  '/functions/v1/livekit-egress': ['POST'],
  '/functions/v1/livekit-egress/stop': ['POST'],
  '/functions/v1/livekit-webhook': ['POST'],
  '/functions/v1/livekit-token': ['POST'],
  '/api/streams': ['GET', 'HEAD', 'POST'],
  '/api/streams/s1': ['GET', 'HEAD', 'PATCH', 'DELETE'],
  '/api/streams/s1/end': ['POST'],
  '/api/streams/s1/viewers': ['GET', 'HEAD'],
  '/api/streams/s1/why': ['GET', 'HEAD'],
  '/api/recordings/r1/why': ['GET', 'HEAD'],
  '/api/recordings': ['GET', 'HEAD'],
  '/api/recordings/delete': ['POST'],
  '/api/recordings/r1': ['GET', 'HEAD', 'PATCH', 'DELETE'],
  '/api/recordings/r1/save': ['POST'],
  '/api/users/u1': ['DELETE'],
  '/api/recordings/r1/playback': ['GET', 'HEAD'],
  '/api/recordings/r1/download': ['GET', 'HEAD', 'POST'],
  '/api/estimate': ['GET', 'HEAD'],
  '/api/usage': ['GET', 'HEAD'],
  '/api/doctor': ['GET', 'HEAD'],
  '/api/doctor/record': ['POST'],
  '/api/doctor/webhook': ['POST'],
  '/healthz': ['GET', 'HEAD'],
}
const takingJson = ['POST /livekit-egress', 'POST /livekit-egress/stop', 'POST /livekit-token', 'POST /api/streams']
takingJson.push('PATCH /api/streams/s1', 'PATCH /api/recordings/r1', 'POST /api/recordings/delete', 'POST /api/doctor/record')

let stage, untouched
before(async () => {
  stage = await start()
  await addStream(stage, 's1')
  await addRecording(stage, 'r1')
  untouched = await contents(stage)
})
after(() => stage?.stop())

const json = { 'content-type': 'application/json' }
const split = (route) => route.split(' ')

const inChunks = (body) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

test('a body of 100 kB or 10 MB is 413, announced or not, signed in or not', async () => {
  for (const route of takingJson) {
    const [method, path] = split(route)
    for (const size of [100_000, 10_000_000]) {
      for (const authorization of [`Bearer ${stage.token('alice')}`, '']) {
        const body = ' '.repeat(size)
        const announced = await rawRequest(stage.worker, method, path, { headers: { ...json, authorization }, body })
        assertRefused(announced, 413, 'body_too_large', `${route} ${size}`)
        assert.match(announced.body.message, / 65536 bytes/, route)
      }
    }
    const headers = { ...json, 'transfer-encoding': 'chunked', 'content-length': undefined }
    const streamed = await rawRequest(stage.worker, method, path, { headers, body: inChunks(' '.repeat(300_000)) })
    assertRefused(streamed, 413, 'body_too_large', `${route} in chunks`)
  }
  assert.deepEqual(await contents(stage), untouched)
})

test('who sends too much can read the refusal: the connection does not break under a fetch', async () => {
  const outcomes = {}
  for (let i = 0; i < 8; i++) {
    const sent = stage.api('POST', '/api/streams', { user: 'alice', body: Buffer.alloc(10_000_000, ' '), headers: json })
    const outcome = await sent.then(({ status }) => status, (error) => error.cause?.code ?? error.message)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  assert.deepEqual(outcomes, { 413: 8 })
})

test('a body as long as the longest sensible request is read', async () => {
  const body = `{"title":"Long"${' '.repeat(60_000)}}`
  assert.equal((await stage.api('PATCH', '/api/recordings/r1', { user: 'bob', body, headers: json })).status, 403)
})

test('another content type than JSON is 415 and says which one', async () => {
  const others = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', 'text/json', 'json', '*/*']
  for (const route of takingJson) {
    const [method, path] = split(route)
    for (const type of others) {
      const answer = await stage.api(method, path, { user: 'alice', body: '{"title":"x"}', headers: { 'content-type': type } })
      assertRefused(answer, 415, 'unsupported_content_type', `${route} ${type}`)
      assert.match(answer.body.hint, /application\/json/)
    }
  }
  assert.deepEqual(await contents(stage), untouched)
})

test('JSON is taken under each of its spellings, and unnamed', async () => {
  const body = '{"title":"Recording r1"}'
  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON', ' application/json ;x=y']) {
    const answer = await stage.api('PATCH', '/api/recordings/r1', { user: 'alice', body, headers: { 'content-type': type } })
    assert.equal(answer.status, 200, type)
  }
  const headers = { authorization: `Bearer ${stage.token('alice')}` }
  assert.equal((await stage.api('PATCH', '/api/recordings/r1', { headers, body: Buffer.from(body) })).status, 200)
})

test('another method is 405 with exactly the methods that the address takes', async () => {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'PURGE', 'SEARCH', 'TRACE', 'LOCK']
  for (const [path, taken] of Object.entries(paths)) {
    for (const method of methods.filter((method) => !taken.includes(method))) {
      const answer = await rawRequest(stage.worker, method, path)
      assertRefused(answer, 405, 'method_not_allowed', `${method} ${path}`)
      const allowed = answer.headers.get('allow').split(', ')
      assert.deepEqual(allowed.sort(), [...taken, 'OPTIONS'].sort(), `${method} ${path}`)
    }
  }
  const head = await stage.api('HEAD', '/livekit-token')
  assert.deepEqual([head.status, head.text], [405, ''])
})

test('an unknown address is 404 for every method, with a body or without', async () => {
  const nowhere = ['/api', '/api/', '/api/stream', '/API/streams', '/api/streams/s1/nope', '/api/streams/s1/end/x', '/livekit-egress/start']
  nowhere.push('/functions/v1', '/functions/v1/api/streams', '/functions/v2/livekit-token', '/livekit-tokens', '//api/streams', '/api//streams')
  nowhere.push('/.env', '/.dev.vars', '/wrangler.toml', '/index.js', '/cdn-cgi', '/api/recordings/r1/playback/x', '/healthz/x')
  for (const path of nowhere) {
    for (const method of ['GET', 'POST', 'DELETE']) assertRefused(await rawRequest(stage.worker, method, path), 404, 'not_found', path)
  }
})

test('an id in other letters, escaped or with dots, is no id: 404, never somebody else\'s row', async () => {
  const ids = ['a%20b', '%73%31', 's1%00', 's1%0d%0a', "s1'--", 's1%27%20OR%201=1', '..%2fs1', '%2e%2e%2fs1', 's1%2fend', '%C3%A9', '%ff', '%']
  ids.push('%zz', 'x'.repeat(65), 'x'.repeat(5_000), '*', 's1;x', '{id}', '~', '...')
  for (const id of ids) {
    for (const [of, code] of [['streams', 'stream_not_found'], ['recordings', 'recording_not_found']]) {
      assertRefused(await rawRequest(stage.worker, 'GET', `/api/${of}/${id}`), 404, code, `${of}/${id}`)
    }
  }
})

test('dots in a path are resolved as everywhere, and lead nowhere new', async () => {
  for (const [target, status] of [
    ['/api/../api/streams', 200],
    ['/api/streams/../../../healthz', 200],
    ['/api/%2e%2e/healthz', 200],
    ['/../../etc/passwd', 404],
    ['/api/streams/..%2f..%2fhealthz', 404],
    ['/api\\streams', 200],
  ]) {
    assert.equal((await rawRequest(stage.worker, 'GET', target)).status, status, target)
  }
})

test('query parameters: unknown, doubled, badly encoded and out of bounds are 400 and named', async () => {
  const both = [
    ['nope=1', 'nope'],
    ['Limit=5', 'Limit'],
    ['limit=5&limit=5', 'limit'],
    ['mine=true&mine=', 'mine'],
    ['status=%ff', 'encoded'],
    ['%ff=1', 'encoded'],
    ...['0', '101', '-1', 'x', '1.5', '1e2', '99999999999999999999', '%20'].map((limit) => [`limit=${limit}`, 'limit']),
    ...['x', 'MTIz', '!!!', '%00', 'MSAx%0A', 'eCB5'].map((cursor) => [`cursor=${cursor}`, 'cursor']),
    ...['x', 'LIVE', 'live,ended', '%27'].map((status) => [`status=${status}`, 'status']),
    ...['yes', 'TRUE', '2'].map((mine) => [`mine=${mine}`, 'mine']),
  ]
  const ofRecordings = [
    ...['yesterday', '2026-02-30', '1795392000000', '2026-11-23T25:00:00Z'].flatMap((at) => [[`from=${at}`, 'from'], [`to=${at}`, 'to']]),
    ...['a%20b', 'x'.repeat(65), '%27'].map((id) => [`streamId=${id}`, 'streamId']),
    ['status=live', 'status'],
  ]
  for (const [path, table] of [['/api/streams', [...both, ['status=ready', 'status']]], ['/api/recordings', [...both, ...ofRecordings]]]) {
    for (const [query, named] of table) {
      const answer = await stage.api('GET', `${path}?${query}`, { user: 'alice' })
      assertRefused(answer, 400, 'invalid_request', `${path}?${query}`)
      assert.ok(answer.body.message.includes(named), `${path}?${query}: ${answer.body.message}`)
    }
  }
})

test('a word for yes or no that is neither is 400 and named, and deletes nothing', async () => {
  const before = await contents(stage)
  for (const word of ['banana', 'yes', 'TRUE', '2', 'true,false', '%20true']) {
    const answer = await stage.api('DELETE', `/api/streams/s1?stop=${word}`, { user: 'alice' })
    assertRefused(answer, 400, 'invalid_request', word)
    assert.match(answer.body.message, /`stop`/, word)
  }
  assert.deepEqual(await contents(stage), before)
})

test('the bounds themselves, empty parameters and any cursor of a right form are taken', async () => {
  const cursor = (text) => Buffer.from(text).toString('base64url')
  const queries = ['limit=1', 'limit=100', 'limit=', 'cursor=', 'mine=false', 'mine=0', '', '&', `cursor=${cursor('0 a')}`, `cursor=${cursor('-1 a')}`]
  queries.push(`cursor=${cursor('9223372036854775807 a')}`, `cursor=${cursor('-9223372036854775808 a')}`)
  for (const path of ['/api/streams', '/api/recordings']) {
    for (const query of queries) assert.equal((await stage.api('GET', `${path}?${query}`)).status, 200, `${path}?${query}`)
  }
  assert.equal((await stage.api('GET', '/api/recordings?from=0000-01-01&to=9999-12-31T23:59:59.999Z')).body.recordings.length, 1)
})
