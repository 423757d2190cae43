// What a page costs in D1, by its own count: the same with a hundred recordings and with five thousand.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { day } from './harness/rows.mjs'

let stage
before(async () => (stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })))
after(() => stage?.stop())

/** Fills both tables up to `count` rows: eleven owners, a third private, three states, one in fifty of one stream. */
async function fillUpTo(count) {
  const numbers = `WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})`
  const owner = "'user-' || (i % 11), CASE WHEN i % 3 = 0 THEN 'private' ELSE 'public' END"
  await stage.sql(`INSERT OR IGNORE INTO assets (id, job_id, stream_id, title, room_name, owner_id, visibility, status, part, object_key,
    bucket, endpoint, region, quality, created_at) ${numbers} SELECT 'r-' || i, 'j-' || i, CASE WHEN i % 50 = 0 AND i < 100 THEN 's-0' END, 'T',
    'room', ${owner}, CASE i % 4 WHEN 0 THEN 'processing' WHEN 1 THEN 'missing' ELSE 'ready' END, 1, 'k-' || i, 'b', 'http://127.0.0.1:9',
    'us-east-1', '1080p', ${day} + i * 1000 FROM n`)
  await stage.sql(`INSERT OR IGNORE INTO live_streams (id, title, room_name, owner_id, visibility, status, record, quality, created_at)
    ${numbers} SELECT 's-' || i, 'T', 'room-' || i, ${owner}, CASE i % 4 WHEN 0 THEN 'created' WHEN 1 THEN 'live' ELSE 'ended' END, 1,
    '1080p', ${day} + i * 1000 FROM n`)
}

/** Rows that D1 read for one page, as the Worker's log line says. */
async function rowsRead(path, user) {
  const answer = await stage.api('GET', path, { user })
  assert.equal(answer.status, 200, answer.text)
  const id = answer.headers.get('x-request-id')
  const line = await waitFor(() => stage.logs().find((entry) => entry.request_id === id))
  assert.equal(line.d1.trips, 1, `${path}: round trips`)
  return line.d1.read
}

const at = (ms) => encodeURIComponent(new Date(ms).toISOString())
const cursorAfter = (i, kind) => Buffer.from(`${day + i * 1000} ${kind}-${i}`).toString('base64url')
const both = (path, kind) => [
  `${path}?limit=5`,
  `${path}?limit=5&cursor=${cursorAfter(60, kind)}`,
  `${path}?limit=5&status=${kind === 'r' ? 'ready' : 'ended'}`,
]
const pages = [
  ...both('/api/recordings', 'r'),
  ...both('/api/streams', 's'),
  `/api/recordings?limit=5&from=${at(day + 20_000)}&to=${at(day + 80_000)}`,
  '/api/recordings?limit=5&streamId=s-0',
]
const asked = [
  ...pages.flatMap((path) => [undefined, 'user-1', 'nobody-yet', 'root'].map((user) => [path, user])),
  ...pages.map((path) => [`${path}&mine=true`, 'user-1']),
]

test('a page reads as many rows with 5,000 recordings and streams as with 100, for every caller and filter', async () => {
  await fillUpTo(100)
  const few = []
  for (const [path, user] of asked) few.push(await rowsRead(path, user))
  await fillUpTo(5_000)
  const worse = []
  for (const [index, [path, user]] of asked.entries()) {
    const many = await rowsRead(path, user)
    if (many > Math.max(few[index], 10) * 1.5) worse.push(`${user} ${path}: ${few[index]} → ${many}`)
  }
  assert.deepEqual(worse, [])
})

test('the last page costs no more than the first', async () => {
  for (const [path, kind] of [['/api/recordings', 'r'], ['/api/streams', 's']]) {
    const first = await rowsRead(`${path}?limit=20`, 'user-1')
    const last = await rowsRead(`${path}?limit=20&cursor=${cursorAfter(40, kind)}`, 'user-1')
    assert.ok(last <= first * 1.5, `${path}: ${first} → ${last}`)
  }
})

test('one row is read by its id, whatever the size of the table', async () => {
  for (const path of ['/api/recordings/r-4000', '/api/recordings/r-4002/playback', '/api/streams/s-4000']) {
    assert.ok((await rowsRead(path, 'root')) <= 3, path)
  }
})
