// Deleting a recording, many, a stream, a user: the objects go, then the rows; what the bucket does not do, the schedule does.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { addRecording, addStream } from './harness/rows.mjs'

let stage
let p
before(async () => {
  stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })
  p = play(stage)
})
beforeEach(() => stage.reset())
after(() => stage?.stop())

const minute = 60_000
const remove = (id, user = 'alice') => stage.api('DELETE', `/api/recordings/${id}`, { user })
const read = (id, user = 'alice') => stage.api('GET', `/api/recordings/${id}`, { user })
const keys = async () => (await p.objects()).map(({ key }) => key)

/** A broadcast of that room, recorded and over. */
async function recorded(room, user = 'alice') {
  const { streamId } = await p.host(room, { user, record: true })
  const { recording } = await p.until(streamId, 'recording', user)
  await p.stop({ egressId: recording.egressId }, user)
  return { ...(await p.ready(recording.egressId, user)), streamId }
}

test('deleted: the object and the row are gone at once, others stay, and it is nowhere', async () => {
  const [one, other] = [await recorded('one'), await recorded('other')]
  assertRefused(await remove(one.id, 'bob'), 403, 'not_owner')
  assertRefused(await remove(one.id, null), 401, 'not_signed_in')
  const { status, body } = await remove(one.id)
  assert.deepEqual([status, body], [200, { success: true, id: one.id, status: 'deleted' }])
  assertRefused(await read(one.id), 404, 'recording_not_found')
  assertRefused(await remove(one.id), 404, 'recording_not_found')
  assert.ok(!(await keys()).includes(one.filename) && (await keys()).includes(other.filename))
  assert.deepEqual((await p.recordings()).map(({ id }) => id), [other.id])
  assert.equal((await p.stream(one.streamId)).recording.status, 'complete', 'its stream still tells what was')
})

test('a webhook that comes late, the list and the schedule do not bring it back', async () => {
  const { streamId } = await p.host('late', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  await p.faults({ duplicate_webhooks: true })
  await p.stop({ egressId: recording.egressId })
  const { id } = await p.ready(recording.egressId)
  assert.equal((await remove(id)).status, 200)
  await p.settled()
  for (let n = 0; n < 4; n++) await p.cronAfter(20 * minute)
  assert.deepEqual(await p.recordings(), [])
})

for (const [what, rule] of Object.entries({ refuses: { status: 403 }, 'does not answer': { cut: true }, 'is busy': { status: 503 } })) {
  test(`a bucket that ${what}: shown as deleting, tried again by the schedule, gone in the end`, async () => {
    const { id, filename } = await recorded('away')
    await p.faults({ storage: [{ on: 'POST /recordings', times: 2, ...rule }] })
    const first = await remove(id)
    assert.deepEqual([first.status, first.body.status], [202, 'deleting'])
    assert.equal((await read(id)).body.status, 'deleting')
    assertRefused(await stage.api('GET', `/api/recordings/${id}/playback`, { user: 'alice' }), 410, 'recording_missing')
    assertRefused(await read(id, 'bob'), 404, 'recording_not_found')
    await stage.cron()
    assert.equal((await read(id)).body.status, 'deleting', 'not before its time')
    for (let n = 0; n < 3; n++) await p.cronAfter(5 * minute)
    assertRefused(await read(id), 404, 'recording_not_found')
    assert.ok(!(await keys()).includes(filename))
  })
}

test('many at once: one request to the bucket, each with its own answer', async () => {
  const { id } = await recorded('real')
  await addRecording(stage, 'mine')
  await addRecording(stage, 'bobs', { owner_id: 'bob' })
  await addRecording(stage, 'hidden', { owner_id: 'bob', visibility: 'private' })
  const ids = [id, 'mine', 'bobs', 'hidden', 'nowhere']
  const { status, body } = await stage.api('POST', '/api/recordings/delete', { user: 'alice', body: { ids } })
  const told = Object.fromEntries(body.results.map((one) => [one.id, one.status]))
  assert.deepEqual([status, body.success, told], [200, false, { [id]: 'deleted', mine: 'deleted', bobs: 'not_owner', hidden: 'not_found', nowhere: 'not_found' }])
  const hundred = Array.from({ length: 100 }, (_, n) => `many-${n}`)
  for (const one of hundred) await addRecording(stage, one)
  const all = await stage.api('POST', '/api/recordings/delete', { user: 'alice', body: { ids: hundred } })
  assert.deepEqual([all.body.success, new Set(all.body.results.map((one) => one.status)).has('deleted')], [true, true])
  for (let n = 0; n < 4 && (await p.recordings()).length > 0; n++) await p.cronAfter(minute)
  assert.deepEqual(await stage.sql("SELECT id FROM assets WHERE owner_id = 'alice'"), [])
  for (const bad of [{}, { ids: [] }, { ids: 'a' }, { ids: [1] }, { ids: ['../x'] }, { ids: [...hundred, 'one-more'] }]) {
    assertRefused(await stage.api('POST', '/api/recordings/delete', { user: 'alice', body: bad }), 400, 'invalid_request')
  }
})

test('a stream: 409 while live; with ?stop=true it is stopped and closed; its recording stays', async () => {
  const { streamId } = await p.host('live', { record: true })
  await p.until(streamId, 'recording')
  const path = `/api/streams/${streamId}`
  assertRefused(await stage.api('DELETE', path, { user: 'alice' }), 409, 'stream_live')
  assertRefused(await stage.api('DELETE', path, { user: 'bob' }), 403, 'not_owner')
  const { status, body } = await stage.api('DELETE', `${path}?stop=true`, { user: 'alice' })
  assert.deepEqual([status, body.status], [200, 'deleted'])
  assertRefused(await stage.api('GET', path, { user: 'alice' }), 404, 'stream_not_found')
  await waitFor(async () => !(await p.room('live')))
  await waitFor(async () => (await p.egresses('live')).every((egress) => egress.status === 'EGRESS_COMPLETE'))
  await p.settled()
  for (let n = 0; n < 4; n++) await p.cronAfter(6 * minute)
  assert.deepEqual(await stage.sql('SELECT id FROM live_streams'), [])
  const [kept] = await p.recordings()
  assert.deepEqual([kept.status, kept.streamId], ['ready', null])
  assert.ok((await keys()).includes(kept.filename))
  const again = await stage.api('POST', '/api/streams', { user: 'bob', body: { title: 'Mine now', roomName: 'live' } })
  assert.equal(again.status, 201, 'the name is free')
})

test('an admin erases a user: streams, recordings, every object and every row as a viewer', async () => {
  // The bucket keeps what the tests before left there.
  const earlier = await keys()
  const put = async (path, user) => {
    const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(1_000, 7)])
    const answer = await stage.api('PUT', `/api/${path}/thumbnail`, { user, body: jpeg, headers: { 'content-type': 'image/jpeg' } })
    assert.equal(answer.status, 200, answer.text)
  }
  const [hers, saved, bobs] = [await recorded('hers'), await recorded('saved'), await recorded('bobs', 'bob')]
  assert.equal((await stage.api('POST', `/api/recordings/${saved.id}/save`, { user: 'alice' })).body.status, 'saved')
  await put(`recordings/${hers.id}`, 'alice')
  await put(`streams/${saved.streamId}`, 'alice')
  await put(`recordings/${bobs.id}`, 'bob')
  for (const user of ['alice', 'alicia', undefined]) {
    for (const { id } of [hers, bobs]) assert.equal((await stage.api('GET', `/api/recordings/${id}/download`, { user })).status, 302)
  }
  const { streamId } = await p.host('his', { user: 'bob' })
  // Nobody is erased for a name that begins like hers.
  const [watched] = [await p.viewer('his', 'alice'), await p.viewer('his', 'alicia')]
  await p.until(streamId, ({ viewerCount }) => viewerCount === 2, 'bob')
  await p.leave('his', watched)
  await p.until(streamId, ({ viewerCount }) => viewerCount === 1, 'bob')
  await addStream(stage, 'empty')
  await p.settled()
  const made = async () => (await keys()).filter((key) => !earlier.includes(key))
  const herRows = {
    participants: "identity = 'alice' OR identity LIKE 'alice~%'",
    audience: "viewer = 'alice'",
    downloads: "viewer = 'alice'",
    assets: "owner_id = 'alice'",
    live_streams: "owner_id = 'alice'",
    egresses: "owner_id = 'alice'",
  }
  const rows = (table, where) => stage.sql(`SELECT * FROM ${table} WHERE ${where}`)
  const others = async () => (await rows('downloads', "viewer <> 'alice'")).filter(({ asset_id }) => asset_id === bobs.id)
  for (const [table, where] of Object.entries(herRows)) assert.notDeepEqual(await rows(table, where), [], `${table} has her`)
  const before = { made: await made(), downloads: await others() }
  const isBobs = (key) => key.split('/')[1] === 'bob'
  for (const folder of ['livekit-recordings/', 'saved/', 'thumbnails/']) {
    assert.ok(before.made.some((key) => key.startsWith(folder) && !isBobs(key)), `${folder} has hers: ${before.made}`)
  }

  assertRefused(await stage.api('DELETE', '/api/users/alice', { user: 'alice' }), 403, 'admins_only')
  const first = await stage.api('DELETE', '/api/users/alice', { user: 'root' })
  assert.ok([200, 202].includes(first.status), first.text)
  let last
  for (let n = 0; n < 12 && last?.status !== 200; n++) {
    await p.cronAfter(6 * minute)
    last = await stage.api('DELETE', '/api/users/alice', { user: 'root' })
  }
  assert.deepEqual(last.body, { success: true, userId: 'alice', status: 'erased', left: { recordings: 0, streams: 0, viewerRows: 0 } })
  // Her rooms closed, and LiveKit's last words of them come after she is gone.
  await p.settled()
  const left = await made()
  assert.deepEqual(left.filter((key) => !isBobs(key)), [])
  assert.deepEqual(left.filter((key) => /\.(mp4|jpg)$/.test(key)), before.made.filter((key) => isBobs(key) && /\.(mp4|jpg)$/.test(key)))
  for (const [table, where] of Object.entries(herRows)) assert.deepEqual(await rows(table, where), [], table)
  assert.deepEqual((await rows('audience', `stream_id = '${streamId}'`)).map(({ viewer }) => viewer), ['alicia'])
  assert.equal((await rows('participants', "identity LIKE 'alicia~%'")).length, 1)
  assert.equal((await others()).length, before.downloads.length)
  const { viewerCount, uniqueViewers } = await p.stream(streamId, 'bob')
  assert.deepEqual([viewerCount, uniqueViewers], [1, 2], 'the totals of others stay')

  // An upload that was under way may land late, so her objects are deleted once more; then D1 has her name nowhere.
  for (let n = 0; n < 4; n++) await p.cronAfter(61 * minute)
  const tables = await stage.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND substr(name, 1, 1) <> '_'")
  assert.ok(tables.length > 10, `${tables.length} tables`)
  for (const { name } of tables) {
    const about = (await stage.sql(`SELECT * FROM "${name}"`)).filter((row) => /\balice\b/.test(JSON.stringify(row)))
    assert.deepEqual(about, [], name)
  }
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
