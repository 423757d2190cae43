// /api/streams: made, read, changed and ended; pages are in lists.test.mjs.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start } from './harness/harness.mjs'
import { addJob, addStream, day } from './harness/rows.mjs'
import { assertStream } from './harness/shapes.mjs'

let stage
before(async () => (stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })))
after(() => stage?.stop())

const create = (user, body) => stage.api('POST', '/api/streams', { user, body })
const patch = (user, id, body) => stage.api('PATCH', `/api/streams/${id}`, { user, body })
const get = async (user, id) => (await stage.api('GET', `/api/streams/${id}`, { user })).body

test('a new stream says what was asked for and has every member; what it has not is null', async () => {
  const began = Date.now()
  const asked = { title: '  My show ', description: ' Two\nlines ', roomName: 'show', visibility: 'private', record: true, saveToStorj: true, quality: '4k' }
  const { status, body } = await create('alice', asked)
  assert.equal(status, 201)
  assertStream(body)
  const { id, createdAt, recording, ...rest } = body
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.ok(Date.parse(createdAt) >= began - 1 && Date.parse(createdAt) <= Date.now() + 1)
  assert.deepEqual(rest, {
    title: 'My show',
    description: 'Two\nlines',
    roomName: 'show',
    ownerId: 'alice',
    visibility: 'private',
    status: 'created',
    viewerCount: 0,
    peakViewers: 0,
    uniqueViewers: 0,
    watchSeconds: 0,
    startedAt: null,
    endedAt: null,
    thumbnailUrl: null,
  })
  const none = { egressId: null, startedAt: null, seconds: 0, estimatedBytes: 0, estimatedMicroDollars: 0, error: null }
  assert.deepEqual(recording, { status: 'requested', ...none })
  assert.deepEqual(await get('alice', id), body)
  const least = await create('alice', { title: 'Least' })
  assertStream(least.body)
  assert.deepEqual([least.body.visibility, least.body.description, least.body.recording.status], ['public', null, 'none'])
})

test('without a room name one is made, another each time', async () => {
  const names = []
  for (let i = 0; i < 3; i++) names.push((await create('alice', { title: 'Same title' })).body.roomName)
  assert.equal(new Set(names).size, 3)
  for (const name of names) assert.match(name, /^[A-Za-z0-9_-]{8,128}$/)
})

test('the owner\'s room that has not ended: 200 with the stream that is there; others 409; ended: 201 with a new one', async () => {
  const first = await create('alice', { title: 'First', roomName: 'again' })
  const second = await create('alice', { title: 'Second', roomName: 'again', visibility: 'private' })
  assert.deepEqual([first.status, second.status], [201, 200])
  assert.deepEqual(second.body, first.body)
  assertRefused(await create('bob', { title: 'Bob\'s', roomName: 'again' }), 409, 'room_taken')
  assert.equal((await stage.api('POST', `/api/streams/${first.body.id}/end`, { user: 'alice' })).status, 200)
  assertRefused(await create('bob', { title: 'Bob\'s', roomName: 'again' }), 409, 'room_taken')
  const third = await create('alice', { title: 'Third', roomName: 'again' })
  assert.equal(third.status, 201)
  assert.notEqual(third.body.id, first.body.id)
})

test('twenty at once for one room: one is made, all get it', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => create('alice', { title: 'At once', roomName: 'at-once' })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(19).fill(200), 201])
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
})

test('the guide\'s query finds exactly those with recording on, whatever their users wrote', async () => {
  const on = [await create('alice', { title: 'On', record: true }), await create('alice', { title: 'On too', record: true, description: 'words' })]
  const off = [await create('alice', { title: 'Off' }), await create('alice', { title: 'Recording', description: 'Recording on' })]
  const ids = [...on, ...off].map(({ body }) => body.id)
  const found = await stage.sql(`SELECT id FROM live_streams WHERE description LIKE '%Recording%' AND id IN (?, ?, ?, ?)`, ...ids)
  assert.deepEqual(found.map(({ id }) => id).sort(), on.map(({ body }) => body.id).sort())
  await patch('alice', off[0].body.id, { description: 'Recording on' })
  const [row] = await stage.sql('SELECT description FROM live_streams WHERE id = ?', off[0].body.id)
  assert.ok(!row.description.includes('Recording'))
  assert.equal((await get('alice', off[0].body.id)).description, 'Recording on')
})

test('PATCH changes what it names and leaves the rest; null clears a description', async () => {
  const { body } = await create('alice', { title: 'Before', description: 'words', visibility: 'public' })
  const steps = [
    [{ title: 'After' }, { title: 'After', description: 'words', visibility: 'public' }],
    [{ visibility: 'private' }, { title: 'After', description: 'words', visibility: 'private' }],
    [{ description: 'other' }, { title: 'After', description: 'other', visibility: 'private' }],
    [{ description: null }, { title: 'After', description: null, visibility: 'private' }],
    [{ description: ' x ' }, { title: 'After', description: 'x', visibility: 'private' }],
    [{ description: '' }, { title: 'After', description: null, visibility: 'private' }],
    [{ title: null, visibility: null }, { title: 'After', description: null, visibility: 'private' }],
    [{}, { title: 'After', description: null, visibility: 'private' }],
    [{ title: 'All', description: 'three', visibility: 'public' }, { title: 'All', description: 'three', visibility: 'public' }],
  ]
  for (const [change, expected] of steps) {
    const answer = await patch('alice', body.id, change)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.body, { ...body, ...expected }, JSON.stringify(change))
    assert.deepEqual(await get('alice', body.id), answer.body)
  }
})

test('a stream made private is gone for others at once, and comes back', async () => {
  const { body } = await create('alice', { title: 'To and fro' })
  await patch('alice', body.id, { visibility: 'private' })
  for (const user of ['bob', undefined]) assertRefused(await stage.api('GET', `/api/streams/${body.id}`, { user }), 404, 'stream_not_found')
  await patch('root', body.id, { visibility: 'public' })
  assert.equal((await get('bob', body.id)).title, 'To and fro')
})

test('what only the owner may know is null for others, and a failure is a code', async () => {
  await addStream(stage, 'failed', { status: 'ended', ended_at: day + 60_000, ended_by: 'room', created_at: day, started_at: day + 1_000 })
  await addJob(stage, 'failed', { status: 'failed', error: 'recorder_crashed', requested_at: day, started_at: day + 2_000, ended_at: day + 9_500 })
  const [mine, theirs] = [await get('alice', 'failed'), await get('bob', 'failed')]
  for (const body of [mine, theirs]) {
    assertStream(body)
    assert.deepEqual([body.recording.status, body.recording.seconds, body.recording.startedAt], ['failed', 7, '2026-11-23T00:00:02.000Z'])
  }
  assert.deepEqual([mine.ownerId, mine.recording.egressId], ['alice', 'EG_of_failed'])
  assert.deepEqual([theirs.ownerId, theirs.recording.egressId, theirs.recording.error], [null, null, 'recorder_crashed'])
  assert.match(mine.recording.error, / /)
  assert.deepEqual(await get('root', 'failed'), mine)
  assert.deepEqual(await get(undefined, 'failed'), theirs)
})

test('ending a stream: ended by its owner, and ending it again is the same', async () => {
  const { body } = await create('alice', { title: 'To end', record: true })
  const end = () => stage.api('POST', `/api/streams/${body.id}/end`, { user: 'alice' })
  const first = await end()
  assert.equal(first.status, 200)
  assertStream(first.body)
  assert.deepEqual([first.body.status, first.body.recording.status], ['ended', 'none'])
  const second = await end()
  assert.deepEqual([second.status, second.body.endedAt], [200, first.body.endedAt])
})
