// GET /openapi.json: each operation's example is sent, and every answer has the shape that is promised.

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { bucket, start } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { addRecording, addStream } from './harness/rows.mjs'
import { misfits } from './harness/schema.mjs'

let stage, document, folder
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'openapi-'))
  stage = await start({ devstackArgs: ['--s3-dir', folder] })
  const answer = await stage.api('GET', '/openapi.json')
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.headers.get('content-type'), /^application\/json/)
  document = answer.body
})
after(async () => {
  await stage?.stop()
  await rm(folder, { recursive: true, force: true })
})

const order = ['get', 'patch', 'put', 'post', 'delete']
const last = ['/api/streams/{id}/end', '/api/recordings/delete']
/** All operations: those that only read first, what ends and deletes last. */
const operations = () =>
  Object.entries(document.paths)
    .flatMap(([path, of]) => Object.entries(of).map(([method, operation]) => ({ path, method, operation })))
    .sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method) || last.indexOf(a.path) - last.indexOf(b.path))
/** What is called by a signature, not by a person. */
const scheme = ({ security }) => Object.keys(security.at(-1))[0]
const picture = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0])
const example = ({ requestBody }) => requestBody?.content['application/json']?.example

/** Sends an operation's example. */
async function send({ path, method, operation }, ids, who) {
  const kind = path.split('/')[2]
  const asked = operation.parameters.filter(({ in: where, example }) => where === 'query' && example !== undefined)
  const query = new URLSearchParams(asked.map(({ name, example }) => [name, example]))
  const url = `${path.replace('{id}', ids[kind]).replace('{n}', '0')}${asked.length > 0 ? `?${query}` : ''}`
  if (method === 'put') return stage.api('PUT', url, { ...who, body: picture, headers: { 'content-type': 'image/jpeg' } })
  return stage.api(method.toUpperCase(), url, { ...who, body: example(operation) })
}

test('every example is taken, and answered in the promised shape', async () => {
  const p = play(stage)
  const { streamId, roomName } = example(document.paths['/livekit-egress'].post)
  await addStream(stage, streamId, { room_name: roomName })
  const { object_key: key, size_bytes: bytes } = await addRecording(stage, 'r1')
  const file = path.join(folder, bucket, key)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, Buffer.alloc(bytes))
  await p.stranger(example(document.paths['/api/doctor/record'].post).roomName, 'zoe', { publish: true })
  let sent = 0
  for (const one of operations()) {
    const { path, method, operation } = one
    if (scheme(operation) !== 'bearer') continue
    const name = `${method} ${path}`
    if (path.endsWith('/thumbnail') && method === 'get') await send({ ...one, method: 'put' }, { streams: streamId, recordings: 'r1' }, { user: 'alice' })
    const ids = { streams: streamId, recordings: 'r1', users: 'nobody' }
    const answer = await send(one, ids, operation['x-admin'] ? { admin: true } : { user: 'alice' })
    const promised = operation.responses[answer.status]
    assert.ok(answer.status < 400 && promised, `${name}: ${answer.status} ${answer.text}`)
    const { schema } = promised.content?.['application/json'] ?? {}
    if (schema) assert.deepEqual(misfits(answer.body, schema, document.components.schemas), [], name)
    else assert.equal(answer.text, '', name)
    sent++
  }
  assert.equal(sent, operations().length - 3, 'all but the webhook, the playlist and its segments')
})

test('what is called by a signature is called by the one that the Worker gave out', async () => {
  const { body: signed } = await stage.api('POST', '/api/doctor/webhook', { admin: true })
  const { responses } = document.paths['/livekit-webhook'].post
  const answer = await stage.api('POST', '/livekit-webhook', { body: signed.body, headers: { authorization: signed.authorization } })
  assert.deepEqual([answer.status, misfits(answer.body, responses[200].content['application/json'].schema, document.components.schemas)], [200, []], answer.text)
  for (const { path, method, operation } of operations().filter(({ operation }) => scheme(operation) === 'link')) {
    const url = path.replace('{id}', 'r1').replace('{n}', '0')
    assertRefused(await stage.api(method.toUpperCase(), `${url}?exp=1&sig=00`), 403)
  }
})

test('what is refused has the shape of an error, and who must sign in is told', async () => {
  for (const { path, method, operation } of operations()) {
    if (path === '/healthz' || scheme(operation) !== 'bearer') continue
    const url = path.replace('{id}', 'never-there')
    const query = method === 'get' ? '?nope=1' : ''
    const answer = await stage.api(method.toUpperCase(), url + query, { body: method === 'get' ? undefined : { nope: 1 } })
    if (answer.status < 400) continue
    assertRefused(answer, answer.status)
    assert.deepEqual(misfits(answer.body, document.components.schemas.Error, document.components.schemas), [], `${method} ${path}`)
    const nowhere = { streams: 'never-there', recordings: 'never-there', users: 'never-there' }
    const signedIn = await send({ path, method, operation }, nowhere)
    if (!operation.security.some((scheme) => Object.keys(scheme).length === 0)) assert.equal(signedIn.status, 401, `${method} ${path}`)
  }
})
