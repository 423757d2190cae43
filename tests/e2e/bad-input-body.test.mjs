// Bodies that say nothing, or something wrong, on every route that takes JSON: a 4xx that says what to do, and nothing written.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { addRecording, addStream, contents } from './harness/rows.mjs'

const text = [5, true, [], {}, 1.5]
const flag = ['yes', 1, [], {}]
const oneOf = [...text, 'none of them', '']
const line = [...text, ' ', 'two\nlines', 'nul\u0000', 'escape\u001b[0m', 'delete\u007f', 'c1\u0085x']
const quality = [...oneOf, '8k', '1080P']
const title = [...line, 'x'.repeat(201)]
const roomName = [...line, 'x'.repeat(257), 'é'.repeat(129)]
const visibility = [...oneOf, 'Public', 'unlisted']
const manyIds = (count) => ['r1', ...Array.from({ length: count - 1 }, (_, n) => `many-${n}`)]
const ids = [5, true, {}, 'r1', [], [5], [null], [['r1']], ['r1', 5], ['r1', {}], ['r1', ''], ['r1', 'a/b'], ['r1', 'x'.repeat(65)], manyIds(101)]
const streamId = [...text, 'with blank', 'a/b', '..', 'x'.repeat(65), 'é', '']

// Of each route: a body that it takes, what it cannot do without, and for each field what it does not take.
const token = {
  path: 'POST /livekit-token',
  good: { roomName: 'room-s1', role: 'host' },
  required: ['roomName'],
  fields: {
    roomName,
    room_name: roomName,
    role: [...oneOf, 'admin', 'Host'],
    title,
    record: flag,
    saveToStorj: flag,
    quality,
    visibility,
    participantName: [...text, 'x'.repeat(129), 'two\nlines'],
    participant_name: [...text, 'x'.repeat(129), 'nul\u0000'],
    participant_identity: [...text, 'bob', 'Alice'],
    participant_metadata: [...text, 'x'.repeat(4097)],
    participant_attributes: [5, 'x', [], [['a', 'b']], { a: 1 }, { a: null }, { a: 'x'.repeat(1100) }],
    room_config: [{}, { egress: {} }, 'x', 5, [], false],
  },
}
const routes = [
  {
    path: 'POST /livekit-egress',
    good: { roomName: 'room-s1' },
    required: ['roomName'],
    fields: { roomName, streamId, quality, layout: [...oneOf, 'Grid', 'https://evil.example'], audioOnly: flag },
  },
  { path: 'POST /livekit-egress/stop', good: { roomName: 'room-s1' }, required: ['roomName'], fields: { roomName, egressId: text } },
  token,
  { ...token, path: 'POST /functions/v1/livekit-token' },
  {
    path: 'POST /api/streams',
    good: { title: 'Good', roomName: 'room-s1' },
    required: ['title'],
    fields: {
      title,
      description: [...text, 'x'.repeat(5001), 'nul\u0000'],
      roomName,
      visibility,
      record: flag,
      saveToStorj: flag,
      quality,
    },
  },
  {
    path: 'PATCH /api/streams/s1',
    good: { title: 'Good' },
    required: [],
    fields: { title, description: [...text, 'x'.repeat(5001), 'bell\u0007'], visibility },
  },
  { path: 'PATCH /api/recordings/r1', good: { title: 'Good' }, required: [], fields: { title, visibility } },
  // It names a recording that is there: whatever is taken for good would delete it.
  { path: 'POST /api/recordings/delete', good: { ids: ['r1'] }, required: ['ids'], fields: { ids } },
  // By an admin, and somebody publishes there: whatever is taken for good would record it.
  { path: 'POST /api/doctor/record', good: { roomName: 'talk' }, required: ['roomName'], fields: { roomName }, admin: true },
]
// How long each may be, as its refusal has to say.
const tooLong = {
  roomName: ['x'.repeat(257), /`roomName`.* 256 bytes/],
  title: ['x'.repeat(201), /`title`.* 200 characters/],
  description: ['x'.repeat(5001), /`description`.* 5000 characters/],
  participantName: ['x'.repeat(129), /`participantName`.* 128 characters/],
  participant_metadata: ['x'.repeat(4097), /`participant_metadata`.* 4096 bytes/],
  streamId: ['x'.repeat(65), /`streamId`.* 64 /],
  ids: [manyIds(101), /`ids`.* 100 ids/],
}

let stage, p
before(async () => {
  stage = await start()
  p = play(stage)
  await addStream(stage, 's1')
  await addRecording(stage, 'r1')
  await p.stranger('talk', 'zoe', { publish: true })
  await p.settled()
})
after(() => stage?.stop())

function send({ path: route, admin }, body, headers = {}) {
  const [method, path] = route.split(' ')
  return stage.api(method, path, { user: 'alice', admin, body, headers: { 'content-type': 'application/json', ...headers } })
}

/** A field's name in either dialect. */
const plain = (name) => name.toLowerCase().replaceAll('_', '')

/** Runs a check for each route, and asserts that none of it left a trace. */
async function onEach(check) {
  const before = await contents(stage)
  for (const route of routes) await check(route)
  assert.deepEqual(await contents(stage), before)
  assert.deepEqual(await p.egresses(), [])
}

test('a field of another type, out of its choices or too long is 400 and the message names it', async () => {
  await onEach(async (route) => {
    for (const [field, values] of Object.entries(route.fields)) {
      for (const value of values) {
        const { [field]: _, ...others } = route.good
        const about = `${route.path} ${field}: ${JSON.stringify(value).slice(0, 60)}`
        const body = field === 'egressId' || field === 'room_name' ? { [field]: value } : { ...others, [field]: value }
        const answer = await send(route, body)
        assertRefused(answer, 400, undefined, about)
        assert.ok(plain(answer.body.message).includes(plain(field)), `${about} → ${answer.body.message}`)
      }
    }
  })
})

test('a field that is not known is 400 and named, in every spelling but the right one', async () => {
  await onEach(async (route) => {
    for (const field of ['nope', 'Title', 'room-name', 'ownerId', 'owner_id', 'status', '__proto__', 'constructor', '']) {
      const answer = await send(route, `{${JSON.stringify(field)}: "x", ${JSON.stringify(route.good).slice(1)}`)
      assertRefused(answer, 400, undefined, `${route.path} ${field}`)
      assert.ok(answer.body.message.includes(`\`${field}\``), `${route.path} ${field} → ${answer.body.message}`)
    }
  })
})

test('what is required and missing, or null, is 400 and named', async () => {
  await onEach(async (route) => {
    for (const field of route.required) {
      const { [field]: _, ...others } = route.good
      for (const body of [others, { ...others, [field]: null }]) {
        const answer = await send(route, body)
        assertRefused(answer, 400, undefined, `${route.path} ${JSON.stringify(body)}`)
        assert.ok(answer.body.message.includes(field), answer.body.message)
      }
    }
  })
})

test('what is too long is told how long it may be', async () => {
  await onEach(async (route) => {
    for (const field of Object.keys(tooLong).filter((name) => name in route.fields)) {
      const [value, limit] = tooLong[field]
      const answer = await send(route, { ...route.good, [field]: value })
      assertRefused(answer, 400, 'invalid_request', `${route.path} ${field}`)
      assert.match(answer.body.message, limit, route.path)
    }
  })
})

test('JSON that is not an object is 400, an array in the order of the fields too', async () => {
  const others = ['[]', '5', '-0', '"text"', 'null', 'true', '[{}]']
  await onEach(async (route) => {
    const inOrder = [['Title', null, null], ['Title', 'public'], ['room-s1', null, null, null, null], [null, 'room-s1']]
    inOrder.push(['Title', null, 'room-arrays', null, null, null, null], ['room-s1', 'host', ...Array(10).fill(null)])
    for (const body of [...others, ...inOrder.map((value) => JSON.stringify(value))]) {
      assertRefused(await send(route, body), 400, undefined, `${route.path} ${body}`)
    }
  })
})

const broken = {
  empty: '',
  'white space': ' \r\n\t ',
  'cut off': '{"title":"x"',
  'a brace': '{',
  'a comma too many': '{"title":"x",}',
  'single quotes': "{'title':'x'}",
  'a comment': '{"title":"x"/* */}',
  'NaN': '{"title":NaN}',
  'a number too large': '{"title":1e999}',
  'a byte order mark': '\ufeff{"title":"x"}',
  'a raw control character': '{"title":"a\u0000b"}',
  'half a surrogate pair': '{"title":"\\ud800"}',
  'not UTF-8': Buffer.from([...Buffer.from('{"title":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
  'UTF-16': Buffer.from('{"title":"x"}', 'utf16le'),
  'an overlong slash': Buffer.from([...Buffer.from('{"title":"'), 0xc0, 0xaf, ...Buffer.from('"}')]),
  'a form': 'title=x&roomName=y',
  'deep arrays': '['.repeat(60_000),
  'deep objects': '{"a":'.repeat(10_000),
  'a deep field': `{"room_config":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
  'zeroes': Buffer.alloc(1_000),
}

test('what is not JSON is 400, however it is broken', async () => {
  await onEach(async (route) => {
    for (const [what, body] of Object.entries(broken)) assertRefused(await send(route, body), 400, undefined, `${route.path}: ${what}`)
    const good = JSON.stringify(route.good)
    for (const rest of ['x', '{}', ',', ']', '\u0000', good]) assertRefused(await send(route, good + rest), 400, 'invalid_json', rest)
  })
})

test('the same field twice is 400 and named, under two names too', async () => {
  await onEach(async (route) => {
    const [field, value] = Object.entries(route.good)[0]
    const once = `${JSON.stringify(field)}:${JSON.stringify(value)}`
    const answer = await send(route, `{${once},${once}}`)
    assertRefused(answer, 400, undefined, route.path)
    assert.ok(answer.body.message.includes(field), answer.body.message)
  })
  assertRefused(await send(token, { roomName: 'a', room_name: 'b' }), 400)
  assertRefused(await send(token, { participantName: 'a', participant_name: 'a', roomName: 'room-s1' }), 400)
})

test('stop wants one of its two fields, and only one', async () => {
  const stop = routes[1]
  for (const body of [{}, { egressId: 'EG_1', roomName: 'room-s1' }, { egressId: null, roomName: null }, { egressId: '' }]) {
    assertRefused(await send(stop, body), 400, 'invalid_request', JSON.stringify(body))
  }
})

test('null is the same as left out, where a field may be left out', async () => {
  for (const { path, good, required, fields } of routes.slice(2)) {
    const optional = Object.keys(fields).filter((field) => !required.includes(field) && !['room_name', 'participantName'].includes(field))
    if (optional.length === 0) continue
    const nulls = Object.fromEntries(optional.map((field) => [field, null]))
    const answer = await send({ path }, { ...nulls, ...good })
    assert.ok([200, 201].includes(answer.status), `${path}: ${answer.text}`)
  }
  const start = { streamId: null, quality: null, layout: null, audioOnly: null }
  assert.equal((await send(routes[0], { ...start, roomName: 'room-s1' })).status, 202)
  assert.equal((await send(routes[1], { egressId: null, roomName: 'room-s1' })).status, 200)
})
