// Save to Storj: a lasting copy, inside the bucket or in parts; cut off anywhere, it goes on.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { bucket, start, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'

let stage
let p
let folder
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'saving-'))
  stage = await start({ vars: { STORJ_OBJECT_TTL: '720h' }, devstackArgs: ['--s3-dir', folder] })
  p = play(stage)
})
beforeEach(() => stage.reset())
after(async () => {
  await stage?.stop()
  await rm(folder, { recursive: true, force: true })
})

const minute = 60_000
const day = 24 * 60 * minute
const MiB = 1024 * 1024
const file = (key) => path.join(folder, bucket, key)
const save = (id, user = 'alice') => stage.api('POST', `/api/recordings/${id}/save`, { user })
const read = async (id) => (await stage.api('GET', `/api/recordings/${id}`, { user: 'alice' })).body
const uploads = () => readdirSync(folder).filter((name) => name.includes('upload'))

async function recorded(room, more = {}) {
  const { streamId } = await p.host(room, { record: true, ...more })
  const { recording } = await p.until(streamId, 'recording')
  await p.stop({ egressId: recording.egressId })
  return p.ready(recording.egressId)
}

/** The recording's file becomes so large, each MiB of it another one; parts of its copy have 5 MiB unless told otherwise. */
async function grown(recording, size, { parts = 5 * MiB } = {}) {
  const handle = await open(file(recording.filename), 'r+')
  for (let at = 0; at < size; at += MiB) await handle.write(Buffer.from(`${at} of ${recording.id}`), 0, undefined, at)
  await handle.truncate(size)
  await handle.close()
  await stage.sql('UPDATE assets SET size_bytes = ? WHERE id = ?', size, recording.id)
  await stage.sql('DROP TRIGGER IF EXISTS small_parts')
  if (parts) await stage.sql(`CREATE TRIGGER small_parts AFTER INSERT ON saves BEGIN UPDATE saves SET part_bytes = ${parts}; END`)
  return recording
}

async function digest(name) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(name)) hash.update(chunk)
  return hash.digest('hex')
}

/** Time that passes while a step is under way would have another Worker begin it too. Whoever was killed has it in hand on. */
const inNobodysHand = () =>
  waitFor(async () => (await stage.sql('SELECT asset_id FROM saves WHERE free_at > ?', Date.now())).length === 0, 4_000).catch(() => {})

/** Asks until it is saved, with the schedule coming in between. */
async function saved(recording) {
  const answer = await waitFor(async () => {
    const answer = await save(recording.id)
    if (answer.status === 202) {
      await inNobodysHand()
      await p.cronAfter(3 * minute)
    }
    return answer.status !== 202 && answer
  }, 60_000)
  assert.deepEqual([answer.status, answer.body.status], [200, 'saved'], answer.text)
  return answer.body
}

async function isWhole(recording) {
  const copy = recording.filename.replace('livekit-recordings/', 'saved/')
  const shown = await read(recording.id)
  assert.deepEqual([shown.saved, shown.expiresAt, shown.filename, shown.status], [true, null, copy, 'ready'])
  assert.equal(await digest(file(copy)), await digest(file(recording.filename)), 'the very bytes')
  const object = (await p.objects()).find(({ key }) => key === copy)
  assert.deepEqual([object.expires_at_ms, object.content_type], [null, 'video/mp4'])
  assert.deepEqual(uploads(), [], 'no upload is left')
  const { body } = await stage.api('GET', `/api/recordings/${recording.id}/playback`, { user: 'alice' })
  assert.ok(body.url.includes(`/${bucket}/saved/`), body.url)
  assert.equal((await fetch(body.url, { headers: { range: 'bytes=0-0' } })).status, 206)
}

test('only the owner saves; what is not there yet or any more says so', async () => {
  const { id } = await recorded('mine')
  assertRefused(await save(id, 'bob'), 403, 'not_owner')
  assertRefused(await save(id, null), 401, 'not_signed_in')
  assertRefused(await save('nowhere'), 404, 'recording_not_found')
  for (const [status, code, told] of [['processing', 'recording_not_ready', 409], ['missing', 'recording_missing', 410], ['deleting', 'recording_missing', 410]]) {
    await stage.sql('UPDATE assets SET status = ? WHERE id = ?', status, id)
    assertRefused(await save(id), told, code)
  }
})

test('a file that expires is written anew, in parts of 64 MiB, and its copy outlives it', async () => {
  const recording = await grown(await recorded('large'), 150 * MiB + 12_345, { parts: null })
  const first = await save(recording.id)
  assert.deepEqual([first.status, first.body.status, first.body.totalBytes], [202, 'saving', 150 * MiB + 12_345])
  assert.ok(Number(first.headers.get('retry-after')) > 0)
  await saved(recording)
  await isWhole(recording)
  await rm(file(recording.filename))
  await p.ages(60 * day)
  await stage.cron()
  const { body } = await stage.api('GET', `/api/recordings/${recording.id}/playback`, { user: 'alice' })
  assert.equal((await fetch(body.url, { headers: { range: 'bytes=0-9' } })).status, 206)
  assert.equal((await save(recording.id)).status, 200, 'idempotent')
})

test('progress is told, and it goes on where it was cut off', async () => {
  const recording = await grown(await recorded('cut'), 23 * MiB)
  await p.faults({ storage: [{ on: 'PUT /recordings/saved/', skip: 2, times: 1, cut: true }] })
  await save(recording.id)
  const answer = await waitFor(async () => {
    const answer = await save(recording.id)
    return answer.body.error && answer
  })
  assert.deepEqual([answer.status, answer.body.copiedBytes, answer.body.error], [202, 10 * MiB, 'storage_unreachable'])
  assert.equal((await read(recording.id)).saved, false)
  await saved(recording)
  await isWhole(recording)
})

const faults = {
  'the beginning is refused': { on: 'POST /recordings/saved/', times: 1, status: 503 },
  'the beginning is heeded, its answer lost': { on: 'POST /recordings/saved/', times: 1, cut: true, acts: true },
  'a part is taken, its answer lost': { on: 'PUT /recordings/saved/', skip: 1, times: 1, cut: true, acts: true },
  'a part is refused': { on: 'PUT /recordings/saved/', skip: 1, times: 1, status: 500 },
  'the source breaks off': { on: 'GET /recordings/livekit-recordings/', skip: 1, times: 1, cut: true },
  'the source is refused': { on: 'GET /recordings/livekit-recordings/', skip: 1, times: 1, status: 403 },
  'the end is refused': { on: 'POST /recordings/saved/', skip: 1, times: 1, status: 500 },
  'the end is heeded, its answer lost': { on: 'POST /recordings/saved/', skip: 1, times: 1, cut: true, acts: true },
  'the copy cannot be looked at': { on: 'HEAD /recordings/saved/', times: 1, status: 503 },
}
for (const [name, rule] of Object.entries(faults)) {
  test(`${name}: saved in the end all the same`, async () => {
    const recording = await grown(await recorded('fault'), 12 * MiB)
    await p.faults({ storage: [rule] })
    await save(recording.id)
    await saved(recording)
    // An upload of which nobody heard the id has no parts, and costs nothing.
    if (name.startsWith('the beginning is heeded')) for (const left of uploads()) await rm(path.join(folder, left))
    await isWhole(recording)
  })
}

test('a Worker that is killed in the middle of a part: another goes on', async () => {
  const recording = await grown(await recorded('killed'), 17 * MiB)
  await p.faults({ storage: [{ on: 'PUT /recordings/saved/', skip: 1, times: 1, delay_ms: 2_000 }] })
  await save(recording.id)
  await waitFor(async () => (await stage.sql('SELECT parts FROM saves'))[0]?.parts === 1)
  await stage.kill()
  await saved(recording)
  await isWhole(recording)
})

test('two at once make one copy', async () => {
  const recording = await grown(await recorded('twice'), 17 * MiB)
  await Promise.all([save(recording.id), save(recording.id), stage.cron(), save(recording.id)])
  await saved(recording)
  await isWhole(recording)
})

test('delete while saving: the deletion wins, and nothing is left in the bucket', async () => {
  const recording = await grown(await recorded('deleted'), 23 * MiB)
  await p.faults({ storage: [{ on: 'PUT /recordings/saved/', skip: 1, times: 1, delay_ms: 1_500 }] })
  await save(recording.id)
  await waitFor(async () => (await stage.sql('SELECT parts FROM saves'))[0]?.parts === 1)
  assert.equal((await stage.api('DELETE', `/api/recordings/${recording.id}`, { user: 'alice' })).status, 200)
  // Not before the part that is on its way has come, which throws its upload away once more.
  await p.settled(2_000)
  for (let n = 0; n < 4; n++) await p.cronAfter(61 * minute)
  assert.deepEqual((await p.objects()).filter(({ key }) => key.includes('deleted')), [])
  assert.deepEqual(uploads(), [])
  assert.deepEqual([await stage.sql('SELECT * FROM assets'), await stage.sql('SELECT * FROM saves'), await stage.sql('SELECT * FROM trash')], [[], [], []])
})

test('a source that is gone meanwhile is told, and its upload is cleaned', async () => {
  const recording = await grown(await recorded('gone'), 23 * MiB)
  await p.faults({ storage: [{ on: 'PUT /recordings/saved/', skip: 1, times: 1, cut: true }] })
  await save(recording.id)
  await waitFor(async () => (await save(recording.id)).body.error)
  await rm(file(recording.filename))
  for (let n = 0; n < 3; n++) await p.cronAfter(5 * minute)
  assertRefused(await save(recording.id), 410, 'recording_missing')
  assert.equal((await read(recording.id)).status, 'missing')
  assert.deepEqual(uploads(), [])
})

test('what never expires is copied inside the bucket: 200 at once, and not a byte comes through the Worker', async () => {
  const recording = await recorded('inside')
  await stage.sql('UPDATE assets SET object_expires_at = NULL WHERE id = ?', recording.id)
  const { status, body } = await save(recording.id)
  assert.deepEqual([status, body.status, body.copiedBytes], [200, 'saved', recording.sizeBytes])
  assert.equal((await stat(file(body.filename))).size, recording.sizeBytes)
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
