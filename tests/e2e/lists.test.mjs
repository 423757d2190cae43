// Lists of streams and recordings: newest first, page by page, each row once, and to nobody what is not theirs to see.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start } from './harness/harness.mjs'
import { addRecording, addStream, day } from './harness/rows.mjs'
import { assertRecording, assertStream, walk } from './harness/shapes.mjs'

// 45 rows of each kind: alice's and bob's in turns, every third private, and three at a time in the same millisecond.
const all = Array.from({ length: 45 }, (_, i) => ({
  id: `row-${String((i * 7) % 45).padStart(2, '0')}`,
  owner_id: i % 2 ? 'bob' : 'alice',
  visibility: i % 3 ? 'public' : 'private',
  created_at: day + Math.floor(i / 3) * 1_000,
  at: i,
}))
const newestFirst = (a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1)
const streamStatus = ['created', 'live', 'ended']
const recordingStatus = ['processing', 'ready', 'missing']

let stage
before(async () => {
  stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })
  for (const { at, ...row } of all) {
    const status = streamStatus[at % 3 === 0 ? 0 : (at % 5) % 3]
    await addStream(stage, row.id, { ...row, status, ended_at: status === 'ended' ? row.created_at : null })
    await addRecording(stage, row.id, { ...row, status: recordingStatus[at % 3], stream_id: at % 4 ? 'row-00' : 'row-01' })
  }
})
after(() => stage?.stop())

const lists = [
  ['/api/streams', 'streams', assertStream],
  ['/api/recordings', 'recordings', assertRecording],
]
const seen = {
  nobody: [undefined, (row) => row.visibility === 'public'],
  alice: ['alice', (row) => row.visibility === 'public' || row.owner_id === 'alice'],
  bob: ['bob', (row) => row.visibility === 'public' || row.owner_id === 'bob'],
  mallory: ['mallory', (row) => row.visibility === 'public'],
  admin: ['root', () => true],
}
const ids = (rows) => rows.map(({ id }) => id)
const expected = (may) => ids(all.filter(may).sort(newestFirst))

test('page by page everyone sees exactly what is public and theirs: newest first, no row twice, none missed', async () => {
  for (const [path, name, assertShape] of lists) {
    for (const [who, [user, may]] of Object.entries(seen)) {
      for (const limit of [1, 7, 45, 100]) {
        const { rows, pages } = await walk(stage.api, `${path}?limit=${limit}`, name, { user })
        assert.deepEqual(ids(rows), expected(may), `${who} ${path} by ${limit}`)
        assert.ok(pages <= Math.floor(rows.length / limit) + 1, `${who} ${path} by ${limit}: ${pages} pages`)
        if (limit === 100) rows.forEach(assertShape)
      }
    }
  }
})

test('mine is the caller\'s own alone, private ones too, an admin\'s as well; nobody has none', async () => {
  for (const [path, name] of lists) {
    for (const user of ['alice', 'bob', 'root', 'mallory']) {
      const { rows } = await walk(stage.api, `${path}?mine=true&limit=10`, name, { user })
      assert.deepEqual(ids(rows), expected((row) => row.owner_id === user), `${user} ${path}`)
    }
    assertRefused(await stage.api('GET', `${path}?mine=true`), 401, 'not_signed_in')
  }
})

test('status narrows a list and nothing else', async () => {
  const tables = [['/api/streams', 'streams', 'live_streams', streamStatus], ['/api/recordings', 'recordings', 'assets', recordingStatus]]
  for (const [path, name, table, states] of tables) {
    for (const status of states) {
      const has = new Set(ids(await stage.sql(`SELECT id FROM ${table} WHERE status = ?`, status)))
      assert.ok(has.size > 0, `no row is ${status}`)
      for (const [who, [user, may]] of Object.entries(seen)) {
        const { rows } = await walk(stage.api, `${path}?status=${status}&limit=4`, name, { user })
        assert.deepEqual(ids(rows), expected((row) => may(row) && has.has(row.id)), `${who} ${status}`)
      }
      const { rows } = await walk(stage.api, `${path}?status=${status}&mine=1&limit=4`, name, { user: 'bob' })
      assert.deepEqual(ids(rows), expected((row) => row.owner_id === 'bob' && has.has(row.id)), `bob's own ${status}`)
    }
  }
})

test('recordings of one stream, and of a time: from is within, to is not', async () => {
  const [from, to] = [day + 3_000, day + 9_000]
  const iso = (at) => new Date(at).toISOString()
  const filters = [
    ['streamId=row-01', (row) => row.at % 4 === 0],
    ['streamId=never-there', () => false],
    [`from=${iso(from)}`, (row) => row.created_at >= from],
    [`to=${iso(to)}`, (row) => row.created_at < to],
    [`from=${iso(from)}&to=${iso(to)}`, (row) => row.created_at >= from && row.created_at < to],
    [`from=${iso(from)}&to=${iso(from)}`, () => false],
    ['from=2026-11-23T02%3A00%3A03%2B02%3A00', (row) => row.created_at >= from],
    [`streamId=row-00&status=ready&from=${iso(from)}`, (row) => row.at % 4 && row.at % 3 === 1 && row.created_at >= from],
  ]
  for (const [query, has] of filters) {
    for (const [who, [user, may]] of Object.entries(seen)) {
      const { rows } = await walk(stage.api, `/api/recordings?${query}&limit=3`, 'recordings', { user })
      assert.deepEqual(ids(rows), expected((row) => may(row) && has(row)), `${who} ${query}`)
    }
  }
})

test('a page is 20 rows when nobody says, and what comes in meanwhile does not shift the pages', async () => {
  const first = (await stage.api('GET', '/api/recordings', { user: 'root' })).body
  assert.equal(first.recordings.length, 20)
  await addRecording(stage, 'newcomer', { created_at: day + 999_000 })
  const second = (await stage.api('GET', `/api/recordings?cursor=${first.nextCursor}`, { user: 'root' })).body
  assert.deepEqual(ids([...first.recordings, ...second.recordings]), expected(() => true).slice(0, 40))
  await stage.sql("DELETE FROM assets WHERE id = 'newcomer'")
  const last = first.recordings.at(-1).id
  // What the database computes by itself is not written.
  const { kept_bytes: _, ...row } = (await stage.sql('SELECT * FROM assets WHERE id = ?', last))[0]
  await stage.sql('DELETE FROM assets WHERE id = ?', last)
  const again = (await stage.api('GET', `/api/recordings?cursor=${first.nextCursor}`, { user: 'root' })).body
  assert.deepEqual(again, second, 'a cursor whose row is gone leads on all the same')
  await addRecording(stage, last, row)
})

test('a cursor of somebody else opens nothing that is not the caller\'s to see', async () => {
  for (const [path, name] of lists) {
    const { nextCursor } = (await stage.api('GET', `${path}?limit=1`, { user: 'root' })).body
    const page = (await stage.api('GET', `${path}?limit=100&cursor=${nextCursor}`)).body[name]
    assert.deepEqual(ids(page), expected(seen.nobody[1]).filter((id) => id !== expected(() => true)[0]))
    assert.equal((await stage.api('GET', `${path}?limit=100&mine=true&cursor=${nextCursor}`, { user: 'mallory' })).body[name].length, 0)
  }
})
