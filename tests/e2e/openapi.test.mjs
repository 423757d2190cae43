// GET /openapi.json: each operation's example is sent, and every answer has the shape that is promised.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start } from './harness/harness.mjs'
import { addRecording, addStream } from './harness/rows.mjs'
import { misfits } from './harness/schema.mjs'

let stage, document
before(async () => {
  stage = await start()
  const answer = await stage.api('GET', '/openapi.json')
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.headers.get('content-type'), /^application\/json/)
  document = answer.body
})
after(() => stage?.stop())

const order = ['get', 'patch', 'post']
/** All operations: those that only read first, the end of the stream last. */
const operations = () =>
  Object.entries(document.paths)
    .flatMap(([path, of]) => Object.entries(of).map(([method, operation]) => ({ path, method, operation })))
    .sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method) || Number(a.path.endsWith('/end')) - Number(b.path.endsWith('/end')))
const example = ({ requestBody }) => requestBody?.content['application/json'].example

test('every example is taken, and answered in the promised shape', async () => {
  const { streamId, roomName } = example(document.paths['/livekit-egress'].post)
  await addStream(stage, streamId, { room_name: roomName })
  await addRecording(stage, 'r1')
  for (const { path, method, operation } of operations()) {
    const name = `${method} ${path}`
    const url = path.replace('{id}', path.startsWith('/api/streams') ? streamId : 'r1')
    const answer = await stage.api(method.toUpperCase(), url, { user: 'alice', body: example(operation) })
    const promised = operation.responses[answer.status]
    assert.ok(answer.status < 400 && promised, `${name}: ${answer.status} ${answer.text}`)
    const { schema } = promised.content?.['application/json'] ?? {}
    if (schema) assert.deepEqual(misfits(answer.body, schema, document.components.schemas), [], name)
    else assert.equal(answer.text, '', name)
  }
})

test('what is refused has the shape of an error, and who must sign in is told', async () => {
  for (const { path, method, operation } of operations()) {
    if (path === '/healthz') continue
    const url = path.replace('{id}', 'never-there')
    const query = method === 'get' ? '?nope=1' : ''
    const answer = await stage.api(method.toUpperCase(), url + query, { body: method === 'get' ? undefined : { nope: 1 } })
    if (answer.status < 400) continue
    assertRefused(answer, answer.status)
    assert.deepEqual(misfits(answer.body, document.components.schemas.Error, document.components.schemas), [], `${method} ${path}`)
    const signedIn = await stage.api(method.toUpperCase(), url, { body: example(operation) })
    if (!operation.security.some((scheme) => Object.keys(scheme).length === 0)) assert.equal(signedIn.status, 401, `${method} ${path}`)
  }
})
