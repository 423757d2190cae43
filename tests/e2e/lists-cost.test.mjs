// What a page costs in D1, by its own count: the same with a hundred recordings and with a hundred thousand.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fillRecordings, fillStreams } from './harness/fill.mjs'
import { start, waitFor } from './harness/harness.mjs'
import { day } from './harness/rows.mjs'

let stage
before(async () => (stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })))
after(() => stage?.stop())

/** Both tables. */
async function fill(from, count) {
  await fillRecordings(stage, from, count)
  await fillStreams(stage, from, count)
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
  // Nothing has that status, and nothing is of that time.
  '/api/recordings?limit=5&status=deleting',
  `/api/recordings?limit=5&status=ready&to=${at(day)}`,
]
const asked = [
  ...pages.flatMap((path) => [undefined, 'user-1', 'nobody-yet', 'root'].map((user) => [path, user])),
  ...pages.map((path) => [`${path}&mine=true`, 'user-1']),
]

test('a page reads as many rows with 100,000 recordings and streams as with 100, for every caller and filter', async () => {
  await fill(0, 100)
  const few = []
  for (const [path, user] of asked) few.push(await rowsRead(path, user))
  await fill(100, 100_000)
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
  for (const path of ['/api/recordings/r-40000', '/api/recordings/r-40002/playback', '/api/streams/s-40000']) {
    assert.ok((await rowsRead(path, 'root')) <= 3, path)
  }
})
