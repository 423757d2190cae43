// What a panic costs: its own request, nobody else's. No input reaches one in the deployed Worker, so this is the one
// test of a bundle of its own, built alike but for a header that panics (`panic-probe` in Cargo.toml).

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { panicProbe, unwinds } from '../../scripts/build.mjs'
import { start, waitFor } from './harness/harness.mjs'

const skip = (await unwinds(panicProbe)) ? false : 'built without nightly Rust, so a panic takes its neighbours along: see `npm run setup`'

let stage
before(async () => {
  if (!skip) stage = await start({ bundle: panicProbe.folder })
})
after(() => stage?.stop())

const panics = () => stage.api('GET', '/api/streams', { headers: { 'panic-probe': 'please' } })
const wants = (status) => (answer) => assert.equal(answer.status, status, answer.text)

/** A stream being made whose body has come half: `finish()` sends the rest and gives the answer's text. */
async function halfSent(title) {
  const body = JSON.stringify({ title, roomName: title })
  const { hostname, port } = new URL(stage.worker)
  const socket = connect(Number(port), hostname)
  const head = `POST /api/streams HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${stage.token('alice')}\r\n`
  let answer = ''
  const ended = new Promise((resolve) => socket.on('data', (chunk) => (answer += chunk)).on('close', resolve))
  socket.write(`${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`)
  return {
    async finish() {
      socket.write(body.slice(10))
      await ended
      return answer
    },
  }
}

test('a panic is a 500 of its own request', { skip }, async () => {
  wants(500)(await panics())
  wants(200)(await stage.api('GET', '/api/streams'))
})

test('requests under way when another one panics go on and do what they were asked', { skip }, async () => {
  const open = await Promise.all(Array.from({ length: 5 }, (_, i) => halfSent(`under-way-${i}`)))
  // A request of the same instance that is served now shows that the halves before it are inside.
  wants(200)(await stage.api('GET', '/api/streams'))
  for (let i = 0; i < 3; i++) wants(500)(await panics())
  for (const request of open) assert.match(await request.finish(), /^HTTP\/1\.1 201 /)
  const rows = await stage.sql("SELECT count(*) AS n FROM live_streams WHERE room_name LIKE 'under-way-%'")
  assert.deepEqual(rows, [{ n: 5 }])
})

test('a hundred panics among a hundred requests', { skip }, async () => {
  const calls = Array.from({ length: 200 }, (_, i) =>
    i % 2 ? panics().then(wants(500)) : stage.api('POST', '/api/streams', { user: 'bob', body: { title: `T${i}` } }).then(wants(201)),
  )
  await Promise.all(calls)
})

test('a recording goes on over a panic', { skip }, async () => {
  const { body } = await stage.api('POST', '/livekit-token', { user: 'carol', body: { roomName: 'on', role: 'host', record: true } })
  await stage.dev('/dev/join', { token: body.participant_token, publish: true })
  wants(500)(await panics())
  const recording = async () => (await stage.api('GET', `/api/streams/${body.streamId}`, { user: 'carol' })).body.recording.status
  await waitFor(async () => (await recording()) === 'recording')
})
