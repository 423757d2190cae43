// /api/recordings/{id}/download: a file saved under a name for people, and each download counted once.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { addRecording, day } from './harness/rows.mjs'

let stage
before(async () => (stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })))
after(() => stage?.stop())

const minute = 60_000
const path = (id) => `/api/recordings/${id}/download`
const link = (user, id, headers) => stage.api('POST', path(id), { user, headers })
const follow = (user, id, headers) => stage.api('GET', path(id), { user, headers })
const downloads = async (id) => (await stage.api('GET', `/api/recordings/${id}`, { user: 'root' })).body.downloads
const rowsOf = (id) => stage.sql('SELECT viewer FROM downloads WHERE asset_id = ? ORDER BY downloaded_at', id)

test('a recorded broadcast is saved whole, under its title and date, by following the link', async () => {
  const p = play(stage)
  const { streamId } = await p.host('saved-room', { record: true, title: 'Näkö: ja 録画 "1/2"' })
  const { recording } = await p.until(streamId, 'recording')
  await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
  const { id, createdAt, startedAt, sizeBytes } = await p.ready(recording.egressId)

  const answer = await follow(undefined, id)
  assert.equal(answer.status, 302, answer.text)
  assert.equal(answer.text, '')
  assert.equal(answer.headers.get('content-type'), null)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const file = await fetch(answer.headers.get('location'))
  assert.equal(file.status, 200)
  const on = (startedAt ?? createdAt).slice(0, 10)
  const name = `${on} Näkö ja 録画 1 2.mp4`
  const encoded = encodeURIComponent(name)
  assert.equal(
    file.headers.get('content-disposition'),
    `attachment; filename="${on} N_k_ ja _ 1 2.mp4"; filename*=UTF-8''${encoded}`,
  )
  assert.equal(file.headers.get('content-type'), 'video/mp4')
  assert.equal((await file.arrayBuffer()).byteLength, sizeBytes)

  // A program that only looks is signed a look.
  const looked = await stage.api('HEAD', path(id))
  const there = await fetch(looked.headers.get('location'), { method: 'HEAD' })
  assert.deepEqual([there.status, Number(there.headers.get('content-length'))], [200, sizeBytes])

  const told = await link('alice', id)
  assert.deepEqual(Object.keys(told.body).sort(), ['expiresAt', 'filename', 'url'])
  assert.equal(told.body.filename, name)
  const part = await fetch(told.body.url, { headers: { range: 'bytes=100-199' } })
  assert.deepEqual([part.status, (await part.arrayBuffer()).byteLength], [206, 100])
})

test('a link lives five minutes, and never longer than its recording', async () => {
  for (const [id, more, right] of [
    ['five', {}, () => Date.now() + 5 * minute],
    ['soon', { expires_at: Date.now() + minute }, (row) => row.expires_at],
  ]) {
    const row = await addRecording(stage, id, more)
    const { body } = await link('bob', id)
    const query = new URL(body.url).searchParams
    const signedAt = Date.parse(query.get('X-Amz-Date').replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'))
    const ends = signedAt + Number(query.get('X-Amz-Expires')) * 1_000
    assert.ok(Math.abs(ends - right(row)) < 2_000 && Math.abs(Date.parse(body.expiresAt) - right(row)) < 2_000, `${id}: ${body.expiresAt}`)
    if (row.expires_at) assert.ok(ends <= row.expires_at && Date.parse(body.expiresAt) <= row.expires_at)
  }
})

test('each person counts once a minute, whatever they click', async () => {
  await addRecording(stage, 'counted')
  const firefox = { 'cf-connecting-ip': '203.0.113.7', 'user-agent': 'Firefox' }
  const elsewhere = { ...firefox, 'cf-connecting-ip': '2001:db8::7' }
  await Promise.all([follow('alice', 'counted'), follow('alice', 'counted'), link('alice', 'counted')])
  assert.equal(await downloads('counted'), 1)
  for (const [headers, so_far] of [[firefox, 2], [firefox, 2], [elsewhere, 3], [{ ...firefox, 'user-agent': 'curl' }, 4]]) {
    assert.equal((await follow(undefined, 'counted', headers)).status, 302)
    assert.equal(await downloads('counted'), so_far, JSON.stringify(headers))
  }
  await stage.sql('UPDATE downloads SET downloaded_at = downloaded_at - ?', minute)
  await link('alice', 'counted')
  assert.equal(await downloads('counted'), 5)

  const rows = await rowsOf('counted')
  assert.equal(rows.length, 5, 'the number can be audited')
  assert.equal(rows.filter(({ viewer }) => viewer === 'alice').length, 2)
  for (const { viewer } of rows) assert.match(viewer, /^(alice|~[0-9a-f]{64})$/, 'no address, and no browser')
  await stage.sql('DELETE FROM downloads')
  assert.equal(await downloads('counted'), 5, 'the number outlives the rows')
})

test('a look, and going on after the link is over, are no downloads', async () => {
  await addRecording(stage, 'resumed')
  assert.equal((await stage.api('HEAD', path('resumed'))).status, 302)
  assert.equal((await follow(undefined, 'resumed', { range: 'bytes=5000000-' })).status, 302)
  assert.equal(await downloads('resumed'), 0)
  await follow(undefined, 'resumed', { range: 'bytes=0-' })
  assert.equal(await downloads('resumed'), 1)
})

test('a further part says so, and joined segments are what they are', async () => {
  await addRecording(stage, 'parts', { title: 'Show', part: 2, started_at: day })
  assert.equal((await link('bob', 'parts')).body.filename, '2026-11-23 Show part 2.mp4')
  await addRecording(stage, 'joined', { title: 'Show', format: 'segments', started_at: day, object_key: 'livekit-recordings/a/r_1.ts' })
  const { body } = await link('bob', 'joined')
  assert.equal(body.filename, '2026-11-23 Show.ts')
  assert.equal(new URL(body.url).searchParams.get('response-content-type'), 'video/mp2t')
})

test('what cannot be played cannot be downloaded, and counts nothing; private is not there for others', async () => {
  const cases = [
    ['processing', { status: 'processing' }, 409, 'recording_not_ready'],
    ['missing', { status: 'missing' }, 410, 'recording_missing'],
    ['deleting', { status: 'deleting' }, 410, undefined],
    ['expired', { expires_at: Date.now() - 1_000 }, 410, undefined],
  ]
  for (const [id, row, status, code] of cases) {
    await addRecording(stage, `no-${id}`, row)
    for (const call of [follow, link]) assertRefused(await call('alice', `no-${id}`), status, code, id)
    assert.equal(await downloads(`no-${id}`), 0)
  }
  await addRecording(stage, 'hidden', { visibility: 'private' })
  for (const user of ['bob', undefined]) {
    for (const call of [follow, link]) assertRefused(await call(user, 'hidden'), 404, 'recording_not_found')
  }
  assert.equal(await downloads('hidden'), 0)
  assert.equal((await follow('alice', 'hidden')).status, 302)
  for (const id of ['never-there', 'a%20b']) assertRefused(await follow('alice', id), 404, 'recording_not_found')
  const log = JSON.stringify(stage.logs())
  for (const word of ['X-Amz', '203.0.113.7', 'Firefox']) assert.ok(!log.includes(word), `the log has ${word}`)
})
