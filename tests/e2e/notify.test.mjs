// What the operator's own programs are told, judged by the library that receivers use: standardwebhooks of npm.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { addRecording } from './harness/rows.mjs'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const minute = 60_000

let stage, p, receiver
/** What came: `{path, headers, body}`; and how the next ones are answered. */
let came = []
let answer = { status: 204 }

before(async () => {
  receiver = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    came.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() })
    response.writeHead(answer.status, answer.headers).end()
  })
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${receiver.address().port}/in?of=operator`
  stage = await start({ vars: { NOTIFY_URL: url, NOTIFY_SECRET: secret } })
  p = play(stage)
})
beforeEach(async () => {
  await stage.reset()
  await stage.sql('DELETE FROM outbox')
  came = []
  answer = { status: 204 }
})
after(async () => {
  await stage?.stop()
  receiver?.close()
})

/** The messages, each verified as a receiver does it: signature, and a time within five minutes. */
const verified = () => came.map(({ headers, body }) => new Webhook(secret).verify(body, headers))

async function recorded() {
  const { streamId } = await p.host('talk', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  await p.stop({ roomName: 'talk' })
  return { streamId, file: await p.ready(recording.egressId) }
}

test('recording.ready comes as soon as it is so, signed, once', async () => {
  const { streamId, file } = await recorded()
  await waitFor(() => came.length > 0)
  await p.settled()
  await p.cronAfter(10 * minute)
  const [message] = verified()
  assert.equal(came.length, 1)
  assert.equal(message.type, 'recording.ready')
  const { recordingId, sizeBytes, durationMs, partial, filename } = message.data
  assert.deepEqual([recordingId, sizeBytes, durationMs, partial, filename], [file.id, file.sizeBytes, file.durationMs, false, file.filename])
  assert.deepEqual([message.data.streamId, message.data.ownerId], [streamId, 'alice'])
  assert.match(message.timestamp, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/)
  assert.match(message.data.startedAt, /Z$/)
  assert.equal(came[0].path, '/in?of=operator')
  for (const told of ['X-Amz', 'eyJ', secret.slice(6)]) assert.ok(!JSON.stringify(came).includes(told), told)
})

test('a receiver that is away gets it later, the same body under the same id, signed anew', async () => {
  answer = { status: 503 }
  await recorded()
  await waitFor(() => came.length === 1)
  await p.settled()
  await stage.cron()
  assert.equal(came.length, 1, 'not at once again')
  await stage.sql('UPDATE outbox SET due_at = 0')
  answer = { status: 200 }
  await stage.cron()
  assert.equal(came.length, 2)
  verified()
  assert.equal(came[0].body, came[1].body)
  assert.equal(came[0].headers['webhook-id'], came[1].headers['webhook-id'])
  await stage.sql('UPDATE outbox SET due_at = 0')
  await stage.cron()
  assert.equal(came.length, 2, 'delivered is delivered')
})

test('a redirect is not followed', async () => {
  answer = { status: 307, headers: { location: '/elsewhere' } }
  await recorded()
  await waitFor(() => came.length === 1)
  await p.settled()
  assert.deepEqual(came.map(({ path }) => path), ['/in?of=operator'])
  assert.equal((await stage.sql('SELECT tries FROM outbox'))[0].tries, 1, 'and is no delivery')
})

test('recording.failed: the recorder died, and the file is certain not to come', async () => {
  await p.host('talk', { record: true })
  await waitFor(async () => (await p.egresses())[0]?.status === 'EGRESS_ACTIVE')
  await stage.dev('/dev/recorder', { room: 'talk', kill: 'handler' })
  await p.settled()
  const failures = () => verified().filter(({ type }) => type === 'recording.failed')
  await waitFor(async () => {
    await p.cronAfter(6 * minute)
    return failures().length > 0
  }, 30_000)
  await p.cronAfter(6 * minute)
  const failed = failures()
  assert.equal(failed.length, 1, JSON.stringify(verified()))
  assert.match(failed[0].data.error, /^[a-z_]+$/, 'a code of ours, not LiveKit’s words')
})

test('recording.deleted: by the owner, once its object is gone; which one, and nothing more of it', async () => {
  await addRecording(stage, 'gone', { title: 'Not for everybody' })
  await p.faults({ storage: [{ on: 'POST /recordings', status: 503 }] })
  const remove = () => stage.api('DELETE', '/api/recordings/gone', { user: 'alice' })
  assert.deepEqual([(await remove()).body.status, came], ['deleting', []])
  await p.settled()
  await stage.cron()
  assert.deepEqual(came, [], 'its object may be there still')
  await p.faults({ reset: true })
  await p.cronAfter(10 * minute)
  await p.cronAfter(10 * minute)
  assert.equal((await remove()).status, 404)
  await p.settled()
  const [message, ...others] = verified()
  assert.deepEqual(others, [], 'once')
  assert.deepEqual([message.type, message.data.recordingId, message.data.ownerId], ['recording.deleted', 'gone', 'alice'])
  assert.ok(!came[0].body.includes('Not for everybody'))
})

test('recording.deleted: of a deletion that went through at once', async () => {
  const { streamId, file } = await recorded()
  await waitFor(() => came.length === 1)
  await p.settled()
  assert.equal((await stage.api('DELETE', `/api/recordings/${file.id}`, { user: 'alice' })).body.status, 'deleted')
  await stage.cron()
  await waitFor(() => came.length > 1)
  await p.settled()
  const told = verified().map(({ type, data }) => [type, data.recordingId, data.streamId, data.egressId])
  assert.deepEqual(told, ['recording.ready', 'recording.deleted'].map((type) => [type, file.id, streamId, file.egressId]))
})

test('a crowd of messages is told a few a run, none lost', async () => {
  for (let n = 0; n < 10; n++) await addRecording(stage, `r${n}`)
  await stage.sql('DELETE FROM assets')
  for (let n = 0; n < 3; n++) await stage.cron()
  assert.deepEqual(verified().map(({ data }) => data.recordingId).sort(), Array.from({ length: 10 }, (_, n) => `r${n}`))
})

test('no line of the log tells a secret', () => p.tellsNoSecret([secret.slice(6)]))
