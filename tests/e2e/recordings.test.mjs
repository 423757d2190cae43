// /api/recordings/{id}: read, changed, played. Pages are in lists.test.mjs.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { bucket, start, storjKey } from './harness/harness.mjs'
import { addRecording, addStream, day } from './harness/rows.mjs'
import { assertRecording } from './harness/shapes.mjs'

let stage
before(async () => (stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })))
after(() => stage?.stop())

const minute = 60_000
const hour = 60 * minute
const read = (user, id) => stage.api('GET', `/api/recordings/${id}`, { user })
const play = (user, id) => stage.api('GET', `/api/recordings/${id}/playback`, { user })
const patch = (user, id, body) => stage.api('PATCH', `/api/recordings/${id}`, { user, body })

test('a recording has every member; its owner and admins see all, others not where it lies or whose it is', async () => {
  await addStream(stage, 'of-full')
  const times = { created_at: day, started_at: day - 61_000, ended_at: day - 1_000, expires_at: day + 365 * 24 * hour }
  const row = await addRecording(stage, 'full', { stream_id: 'of-full', ...times })
  const mine = (await read('alice', 'full')).body
  assertRecording(mine)
  assert.deepEqual(mine, {
    id: 'full',
    title: 'Recording full',
    streamId: 'of-full',
    roomName: 'room-full',
    ownerId: 'alice',
    egressId: 'EG_full',
    part: 1,
    status: 'ready',
    visibility: 'public',
    filename: row.object_key,
    bucket,
    durationMs: 60_000,
    sizeBytes: 1_000,
    quality: '1080p',
    format: 'mp4',
    partial: false,
    thumbnailUrl: null,
    saved: false,
    downloads: 0,
    createdAt: '2026-11-23T00:00:00.000Z',
    startedAt: '2026-11-22T23:58:59.000Z',
    endedAt: '2026-11-22T23:59:59.000Z',
    expiresAt: '2027-11-23T00:00:00.000Z',
  })
  assert.deepEqual((await read('root', 'full')).body, mine)
  const hidden = { ownerId: null, egressId: null, filename: null, bucket: null }
  for (const user of ['bob', undefined]) {
    const answer = await read(user, 'full')
    assert.deepEqual(answer.body, { ...mine, ...hidden })
    assert.ok(!answer.text.includes('alice') && !answer.text.includes('EG_'), answer.text)
  }
})

test('what a recording has not is null, never missing', async () => {
  const nothing = { livepeer_asset_id: null, stream_id: null, duration_ms: null, size_bytes: null, started_at: null, ended_at: null, expires_at: null }
  await addRecording(stage, 'sparse', { ...nothing, status: 'processing', partial: 1, saved: 1 })
  const { body } = await read('alice', 'sparse')
  assertRecording(body)
  for (const member of ['egressId', 'streamId', 'durationMs', 'sizeBytes', 'startedAt', 'endedAt', 'expiresAt']) assert.equal(body[member], null, member)
  assert.deepEqual([body.partial, body.saved], [true, true])
})

test('a private recording is its owner\'s and the admins\' alone, in every route', async () => {
  await addRecording(stage, 'private', { visibility: 'private' })
  for (const user of ['alice', 'root']) assert.deepEqual([(await read(user, 'private')).status, (await play(user, 'private')).status], [200, 200])
  for (const user of ['bob', undefined]) {
    for (const call of [read, play]) assertRefused(await call(user, 'private'), 404, 'recording_not_found')
  }
  assertRefused(await patch('bob', 'private', { title: 'x' }), 404, 'recording_not_found')
})

test('PATCH changes title and visibility, each only where it is given, by owner and admins alone', async () => {
  await addRecording(stage, 'patched')
  const before = (await read('alice', 'patched')).body
  assertRefused(await patch('bob', 'patched', { title: 'Bob was here' }), 403, 'not_owner')
  assertRefused(await patch(undefined, 'patched', { title: 'x' }), 401, 'not_signed_in')
  const steps = [
    ['alice', { title: ' New ' }, { title: 'New', visibility: 'public' }],
    ['alice', { visibility: 'private' }, { title: 'New', visibility: 'private' }],
    ['root', { title: 'By an admin', visibility: 'public' }, { title: 'By an admin', visibility: 'public' }],
    ['alice', { title: null, visibility: null }, { title: 'By an admin', visibility: 'public' }],
    ['alice', {}, { title: 'By an admin', visibility: 'public' }],
  ]
  for (const [user, change, expected] of steps) {
    const answer = await patch(user, 'patched', change)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.body, { ...before, ...expected }, JSON.stringify(change))
  }
})

test('playback: a presigned link to this very object, inline, that is cached nowhere', async () => {
  const place = { endpoint: 'https://gateway.elsewhere.example', bucket: 'older-bucket', region: 'eu-1' }
  const row = await addRecording(stage, 'played', { ...place, object_key: 'livekit-recordings/al.ice/a room~0123456789ab_1.mp4' })
  const answer = await play(undefined, 'played')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.deepEqual(Object.keys(answer.body).sort(), ['expiresAt', 'thumbnailUrl', 'type', 'url'])
  assert.deepEqual([answer.body.type, answer.body.thumbnailUrl], ['video/mp4', null])
  const url = new URL(answer.body.url)
  assert.deepEqual([url.origin, decodeURIComponent(url.pathname)], [place.endpoint, `/${place.bucket}/${row.object_key}`])
  const query = Object.fromEntries(url.searchParams)
  assert.match(query['X-Amz-Signature'], /^[0-9a-f]{64}$/)
  assert.match(query['X-Amz-Credential'], new RegExp(`^${storjKey.key}/\\d{8}/eu-1/s3/aws4_request$`))
  assert.match(query['response-content-disposition'] ?? 'inline', /^inline/)
  assert.equal(query['response-content-type'], 'video/mp4')
  assert.ok(!answer.text.includes(storjKey.secret))
  const log = JSON.stringify(stage.logs())
  for (const word of [query['X-Amz-Signature'], 'X-Amz', storjKey.secret]) assert.ok(!log.includes(word), `the log has ${word}`)
})

test('a link lives as long as the recording and an hour more, never past the recording itself, at most seven days', async () => {
  const [soon, later] = [Date.now() + 20 * minute, Date.now() + 24 * hour]
  const cases = [
    ['short', { duration_ms: 10_000 }, (asked) => asked + hour + 10_000],
    ['long', { duration_ms: 3 * hour }, (asked) => asked + 4 * hour],
    ['unknown', { duration_ms: null }, (asked) => asked + 4 * hour],
    ['expiring', { duration_ms: 2 * hour, expires_at: soon }, () => soon],
    ['kept', { duration_ms: 10_000, expires_at: later }, (asked) => asked + hour + 10_000],
    ['endless', { duration_ms: 1_000 * hour }, (asked) => asked + 7 * 24 * hour],
  ]
  for (const [id, row, expected] of cases) {
    await addRecording(stage, `link-${id}`, row)
    const right = expected(Date.now())
    const { body } = await play('bob', `link-${id}`)
    const told = Date.parse(body.expiresAt)
    assert.ok(Math.abs(told - right) < 2_000, `${id}: ${body.expiresAt}, not ${new Date(right).toISOString()}`)
    const query = new URL(body.url).searchParams
    const signedAt = Date.parse(query.get('X-Amz-Date').replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'))
    const ends = signedAt + Number(query.get('X-Amz-Expires')) * 1_000
    assert.ok(Math.abs(ends - told) <= 1_000, `${id}: the answer and the link tell of different times`)
    if (row.expires_at) assert.ok(ends <= row.expires_at && told <= row.expires_at, `${id}: the link outlives the recording`)
  }
})

test('what cannot be played says why: still processing 409, its file missing 410, expired 410, being deleted 410', async () => {
  const cases = [
    ['processing', { status: 'processing' }, 409, 'recording_not_ready'],
    ['missing', { status: 'missing' }, 410, 'recording_missing'],
    ['deleting', { status: 'deleting' }, 410, undefined],
    ['expired', { status: 'ready', expires_at: Date.now() - 1_000 }, 410, undefined],
  ]
  for (const [id, row, status, code] of cases) {
    await addRecording(stage, `not-${id}`, row)
    const answer = await play('alice', `not-${id}`)
    assertRefused(answer, status, code, id)
    assert.equal(answer.headers.get('cache-control'), 'no-store', id)
    if (status === 409) assert.ok(Number(answer.headers.get('retry-after')) > 0)
  }
  await addRecording(stage, 'hidden-missing', { status: 'missing', visibility: 'private' })
  assertRefused(await play('bob', 'hidden-missing'), 404, 'recording_not_found')
})

test('the guide\'s query finds the recordings by their egress', async () => {
  await addRecording(stage, 'guide', { created_at: day })
  const found = await stage.sql("SELECT * FROM assets WHERE livepeer_asset_id LIKE 'EG_%' ORDER BY created_at DESC")
  assert.ok(found.some(({ id, created_at }) => id === 'guide' && created_at === day))
})
