// Clients that break off, dribble or come in crowds: each takes nothing from the others, and nothing is half done.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { pause, play, roomEvent, sign } from './harness/play.mjs'
import { rawRequest } from './harness/raw.mjs'
import { addStream, contents } from './harness/rows.mjs'

let stage
let p
before(async () => {
  stage = await start()
  p = play(stage)
})
beforeEach(() => stage.reset())
after(() => stage?.stop())

/** A webhook of somebody who comes into alice's room: its body and headers. */
async function arrival(number, room = { name: 'show', sid: 'RM_show' }) {
  const participant = { sid: `PA_${number}`, identity: `viewer${number}~abcdefgh`, joinedAt: `${Math.floor(Date.now() / 1000)}` }
  const event = roomEvent('participant_joined', room, { participant })
  const body = JSON.stringify(event)
  return { id: event.id, body, headers: { 'content-type': 'application/webhook+json', authorization: await sign(body) } }
}

/** Padded so that the first half of the body is whole JSON already: only its length tells that it was cut. */
const creation = (user, roomName) => ({
  body: JSON.stringify({ title: `Stream of ${user}`, roomName }).padEnd(300),
  headers: { 'content-type': 'application/json', authorization: `Bearer ${stage.token(user)}` },
})

/** The pieces of a request as bytes: its head, and its body in parts of `size`. */
function pieces(target, { body, headers }, size, { chunked = false } = {}) {
  const bytes = Buffer.from(body)
  const length = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes.length }
  const lines = Object.entries({ host: new URL(stage.worker).host, connection: 'close', ...length, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const parts = []
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size)
    parts.push(chunked ? Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]) : part)
  }
  return { head: `POST ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, parts, end: chunked ? '0\r\n\r\n' : '' }
}

/** A connection on which the test says what is sent when. `answer` is all that came back, once the other side closed. */
function open() {
  const { hostname, port } = new URL(stage.worker)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  const chunks = []
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {})
  const text = () => Buffer.concat(chunks).toString()
  const answer = new Promise((resolve) => socket.on('end', () => socket.destroy()).on('close', () => resolve(text())))
  return { socket, answer }
}

const endings = {
  'a connection that breaks': (socket) => socket.resetAndDestroy(),
  'a connection that ends in good order': (socket) => socket.end(),
}
for (const [how, breakOff] of Object.entries(endings)) {
  for (const chunked of [false, true]) {
    test(`a body that is cut off half-way, by ${how}${chunked ? ', sent in chunks' : ''}: nothing is stored, and the whole one counts`, async () => {
      await addStream(stage, 's1', { room_name: 'show' })
      const before = await contents(stage)
      const requests = { '/livekit-webhook': await arrival(1), '/api/streams': creation('bob', 'bobs') }
      for (const [target, request] of Object.entries(requests)) {
        const lines = stage.logs().length
        const { head, parts } = pieces(target, request, Math.ceil(request.body.length / 2), { chunked })
        const { socket, answer } = open()
        socket.write(head)
        socket.write(parts[0])
        await pause(50)
        breakOff(socket)
        assert.doesNotMatch(await answer, /^HTTP\/1.1 [25]/, target)
        // The Worker has noticed: its line is there, if the runtime told it of the request at all.
        await waitFor(() => stage.logs().length > lines, 300).catch(() => {})
        for (const line of stage.logs().slice(lines)) assert.ok(line.status < 500, JSON.stringify(line))
        assert.deepEqual(await contents(stage), before, target)
      }
      const statuses = []
      for (const [target, { body, headers }] of Object.entries(requests)) statuses.push((await stage.api('POST', target, { body, headers })).status)
      assert.deepEqual(statuses, [200, 201])
      assert.equal((await p.stream('s1')).viewerCount, 1)
    })
  }
}

test('twenty clients dribble until thirty others are served: those wait for nobody, and the slow ones are served in the end', async () => {
  await addStream(stage, 's1', { room_name: 'show' })
  let served = 0
  const othersAreServed = Promise.withResolvers()
  const slow = Array.from({ length: 20 }, async (_, number) => {
    const request = await arrival(number)
    const { head, parts, end } = pieces('/livekit-webhook', request, Math.ceil(request.body.length / 30), { chunked: number % 2 === 0 })
    const { socket, answer } = open()
    // The head too: in two halves. The last piece waits for the others: were these held up by it, both would wait for ever.
    const all = [head.slice(0, 40), head.slice(40), ...parts, end].filter(({ length }) => length > 0)
    for (const part of all.slice(0, -1)) {
      socket.write(part)
      await pause(20)
    }
    await othersAreServed.promise
    socket.write(all.at(-1))
    return { id: request.id, text: await answer }
  })
  const everybody = Promise.all(slow)
  for (; served < 30; served += 1) {
    const { status, body } = await stage.api('GET', '/api/streams/s1', { user: 'alice' })
    assert.deepEqual([status, body.id], [200, 's1'])
  }
  othersAreServed.resolve()
  const answers = await everybody
  for (const { text } of answers) assert.match(text, /^HTTP\/1.1 200 /)
  const filed = new Set((await stage.sql('SELECT id FROM webhook_events')).map(({ id }) => id))
  for (const { id } of answers) assert.ok(filed.has(id), id)
  assert.equal((await p.stream('s1')).viewerCount, 20)
})

test('connections that say nothing, half a request or never listen to the answer keep nobody waiting', async () => {
  await addStream(stage, 's1')
  const host = `host: ${new URL(stage.worker).host}\r\n`
  const said = ['', `GET /api/streams HTTP/1.1\r\n${host}`, `GET /api/streams HTTP/1.1\r\n${host}\r\n`]
  const idle = Array.from({ length: 60 }, (_, number) => {
    const { socket } = open()
    socket.pause()
    socket.write(said[number % said.length])
    return socket
  })
  await pause(300)
  const answers = await Promise.all(Array.from({ length: 30 }, () => rawRequest(stage.worker, 'GET', '/api/streams/s1')))
  for (const { status, body } of answers) assert.deepEqual([status, body.id], [200, 's1'])
  for (const socket of idle) socket.destroy()
})

test('500 connections at once: each gets its own right answer, and nothing is lost', async () => {
  await addStream(stage, 's1', { room_name: 'show' })
  const [events, users, readers, strangers] = [200, 150, 100, 50]
  const times = (count, make) => Array.from({ length: count }, (_, number) => make(number))
  const webhooks = await Promise.all(times(events, (number) => arrival(number)))
  const requests = [
    ...webhooks.map((request) => ['POST', '/livekit-webhook', request, ({ status, body }) => assert.deepEqual([status, body], [200, { success: true }])]),
    ...times(users, (number) => ['POST', '/api/streams', creation(`user${number}`, `room-of-${number}`), ({ status, body }) => {
      assert.deepEqual([status, body.ownerId, body.roomName], [201, `user${number}`, `room-of-${number}`])
    }]),
    ...times(readers, () => ['GET', '/api/streams/s1', {}, ({ status, body }) => assert.deepEqual([status, body.id], [200, 's1'])]),
    ...times(strangers, () => ['GET', '/api/streams', { headers: { authorization: 'Bearer garbage' } }, ({ status }) => assert.equal(status, 401)]),
  ]
  assert.equal(requests.length, 500)
  // Mixed, so that the kinds meet.
  const mixed = requests.map((request, number) => ({ request, at: (number * 7_919) % 500 })).sort((a, b) => a.at - b.at).map(({ request }) => request)
  // LiveKit is asked before a room's name is given away, and on a busy machine may not answer in time: a client asks again.
  const untilLiveKitAnswers = async ([method, target, { body, headers }]) => {
    for (let tries = 1; ; tries += 1) {
      const answer = await rawRequest(stage.worker, method, target, { body, headers, ms: 30_000 })
      if (tries === 5 || answer.body?.code !== 'livekit_unavailable') return answer
    }
  }
  const answers = await Promise.all(mixed.map(untilLiveKitAnswers))
  for (const [index, [, , , isRight]] of mixed.entries()) isRight(answers[index])
  const ids = answers.map(({ headers }) => headers.get('x-request-id'))
  assert.equal(new Set(ids).size, 500)
  const { viewerCount, peakViewers, uniqueViewers } = await p.stream('s1')
  assert.deepEqual([viewerCount, peakViewers, uniqueViewers], [events, events, events])
  const [{ count }] = await stage.sql("SELECT count(*) AS count FROM live_streams WHERE owner_id LIKE 'user%'")
  assert.equal(count, users)
  const [{ filed }] = await stage.sql('SELECT count(*) AS filed FROM webhook_events')
  assert.equal(filed, events)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
