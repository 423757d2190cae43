// What becomes of recorders and of LiveKit's memory: whoever watches, owns or pays must find in D1 what really happened.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { startDevstack } from '../../scripts/parts/devstack.mjs'
import { freePort } from '../../scripts/parts/ports.mjs'
import { endGroup } from '../../scripts/parts/processes.mjs'
import { bucket, livekitKey, stage as stageOf, storjKey, usualVars, waitFor } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { atLiveKit, emptied, faultStage, isTrue, mp4Alone, recorded } from './harness/truth.mjs'
import { startWorker } from './harness/worker.mjs'

let stage
let p

before(async () => ({ stage, p } = await faultStage()))
beforeEach(() => emptied(stage))
after(() => stage?.stop())

const minute = 60_000
const hour = 60 * minute
const recorder = (what) => stage.dev('/dev/recorder', { room: 'talk', ...what })
const jobs = () => stage.sql('SELECT egress_id, status, inferred, error, file FROM egresses ORDER BY requested_at')
/** Words about the end that never come. */
const untold = { drop_webhooks: ['egress_updated', 'egress_ended'] }

/** The part after the one that ended: it records, and is ready when it is stopped. */
async function nextPart(streamId, { recordings }) {
  const { recording } = await p.until(streamId, ({ recording: { status, egressId } }) => status === 'recording' && egressId)
  const [alive, ...others] = (await p.egresses()).filter(({ egress_id: id }) => id === recording.egressId)
  assert.deepEqual([alive.status, others], ['EGRESS_ACTIVE', []])
  await p.stop({ roomName: 'talk' })
  const next = await p.ready(recording.egressId)
  assert.deepEqual([next.part, next.partial], [2, false])
  assert.equal((await p.recordings()).length, recordings)
  await p.cronAfter(10 * minute)
  assert.equal((await p.egresses()).length, 2, 'after the stop nothing follows')
  await isTrue(p, stage)
}

for (const [name, { how, status, error, file, partial }] of Object.entries({
  'reaches its limit': { how: { end: 'limit' }, status: 'limit_reached', error: null, file: 'yes', partial: false },
  'loses the room': { how: { end: 'lost_room' }, status: 'failed', error: 'recorder_lost_room', file: 'yes', partial: true },
  'is killed': { how: { kill: 'handler' }, status: 'failed', error: 'recorder_crashed', file: 'no' },
})) {
  test(`a recorder ${name} after an hour: what it left is told, and the next part follows`, async () => {
    const { streamId, egressId } = await recorded(p)
    await p.ages(hour)
    await recorder(how)
    if (file === 'yes') assert.equal((await p.ready(egressId)).partial, partial)
    await waitFor(async () => (await p.egresses()).length === 2)
    for (const wait of [minute, 2 * minute, 6 * minute]) await p.cronAfter(wait)
    const [first] = await jobs()
    assert.deepEqual(first, { egress_id: egressId, status, inferred: 0, error, file })
    await nextPart(streamId, { recordings: file === 'yes' ? 2 : 1 })
  })

  test(`a recorder ${name}, and LiveKit’s word of it is lost: found in the list, and the next part follows`, async () => {
    const { streamId, egressId } = await recorded(p)
    await p.faults(untold)
    await recorder(how)
    await waitFor(async () => !(await p.egresses()).some(({ status }) => status === 'EGRESS_ACTIVE'))
    await p.settled()
    await p.faults({ reset: true })
    for (const wait of [6 * minute, minute, minute, 6 * minute]) await p.cronAfter(wait)
    const [first] = await jobs()
    assert.deepEqual(first, { egress_id: egressId, status, inferred: 0, error, file })
    await nextPart(streamId, { recordings: file === 'yes' ? 2 : 1 })
  })
}

/** The room notices 20 s of LiveKit's later that a recorder is gone. */
const hasLeft = (egressId) => waitFor(async () => !(await p.room('talk')).participants.some(({ identity }) => identity === egressId))

test('a recorder that died with its service is listed ACTIVE for ever: believed dead when it has left the room', async () => {
  const { streamId, egressId } = await recorded(p)
  await recorder({ kill: 'service' })
  await hasLeft(egressId)
  await p.cronAfter(6 * minute)
  assert.equal((await p.stream(streamId)).recording.status, 'recording', 'absent once: believed when seen twice, minutes apart')
  for (const wait of [3 * minute, minute, minute, 6 * minute]) await p.cronAfter(wait)
  const [first] = await jobs()
  assert.deepEqual(first, { egress_id: egressId, status: 'failed', inferred: 1, error: 'recorder_crashed', file: 'no' })
  assert.equal((await p.egresses()).find(({ egress_id: id }) => id === egressId).status, 'EGRESS_ACTIVE', 'LiveKit has not noticed')
  await nextPart(streamId, { recordings: 1 })
})

test('a recorder that died is stopped in vain: 408 each time, until its silence tells', async () => {
  const { streamId, egressId } = await recorded(p)
  await recorder({ kill: 'service' })
  const { status, body } = await p.stop({ roomName: 'talk' })
  assert.deepEqual([status, body.status], [200, 'stopping'])
  await hasLeft(egressId)
  for (const wait of [minute, 2 * minute, 6 * minute, 31 * minute]) await p.cronAfter(wait)
  const stream = await p.stream(streamId)
  assert.deepEqual([stream.recording.status, stream.status], ['failed', 'live'])
  assert.match(stream.recording.error, /crashed/)
  await p.cronAfter(hour)
  assert.equal((await p.egresses()).length, 1)
})

test('a recorder that is dead when its room closes ends with it, half an hour later', async () => {
  const { streamId } = await recorded(p)
  await recorder({ kill: 'service' })
  await p.admin.deleteRoom('talk')
  await p.until(streamId, ({ status }) => status === 'ended')
  await p.cronAfter(20 * minute)
  assert.equal((await p.stream(streamId)).recording.status, 'recording', 'an upload of hours of 4K may take so long')
  for (const wait of [12 * minute, minute, 6 * minute, hour]) await p.cronAfter(wait)
  assert.equal((await p.stream(streamId)).recording.status, 'failed')
  assert.equal((await stage.sql('SELECT count(*) AS n FROM live_streams WHERE tend_at IS NOT NULL'))[0].n, 0, 'nothing is left to do')
})

test('nobody publishes for 90 s: it is said, and recorded as soon as somebody does', async () => {
  const { streamId } = await p.host('talk', { publish: false })
  const { body } = await p.start('talk')
  assert.equal(body.status, 'starting')
  assert.equal((await p.stream(streamId)).recording.error, null)
  await p.cronAfter(95_000)
  const waiting = await p.stream(streamId)
  assert.equal(waiting.recording.status, 'starting')
  assert.match(waiting.recording.error, /nobody publishes/)
  await stage.dev('/dev/publish', { room: 'talk', identity: 'alice' })
  const stream = await p.until(streamId, 'recording')
  assert.deepEqual([stream.recording.error, stream.recording.egressId], [null, body.egressId])
  assert.equal((await p.egresses()).length, 1)
})

test('LiveKit has forgotten a job whose end nobody told: the file itself tells', async () => {
  const { streamId, egressId, key } = await recorded(p)
  await p.faults({ drop_webhooks: ['egress_updated', 'egress_ended'] })
  await p.stop({ egressId })
  await atLiveKit(p, egressId, 'EGRESS_COMPLETE')
  await stage.dev('/dev/forget', { what: 'ended' })
  await p.settled()
  await waitFor(async () => !(await p.room('talk')).participants.some(({ identity }) => identity === egressId))
  for (const wait of [6 * minute, 35 * minute, 6 * minute]) await p.cronAfter(wait)
  const [file] = await p.recordings()
  assert.deepEqual([file.egressId, file.filename, file.status], [egressId, key, 'ready'])
  assert.equal((await p.stream(streamId)).recording.status, 'failed')
  await isTrue(p, stage)
})

test('a job that LiveKit has forgotten is stopped: that is a success, and its file is found', async () => {
  const { egressId, key } = await recorded(p)
  await p.faults({ drop_webhooks: ['egress_updated', 'egress_ended'] })
  await recorder({ end: 'limit' })
  await atLiveKit(p, egressId, 'EGRESS_LIMIT_REACHED')
  await stage.dev('/dev/forget', { what: 'ended' })
  const { status, body } = await p.stop({ egressId })
  assert.deepEqual([status, body.success], [200, true])
  await p.cronAfter(minute)
  const file = await p.ready(egressId)
  assert.equal(file.filename, key)
  await isTrue(p, stage)
})

test('LiveKit restarts with nothing and nobody comes back: what it no longer has ends, after two looks', async () => {
  const { streamId } = await recorded(p, 'talk', { viewer: 'bob' })
  await stage.dev('/dev/forget', { what: 'everything' })
  await p.cronAfter(6 * minute)
  const doubted = await p.stream(streamId)
  assert.deepEqual([doubted.status, doubted.viewerCount, doubted.recording.status], ['live', 1, 'recording'], 'one look proves nothing')
  await p.cronAfter(3 * minute)
  const over = await p.stream(streamId)
  assert.deepEqual([over.status, over.viewerCount, over.uniqueViewers], ['ended', 0, 1])
  for (const wait of [35 * minute, 2 * minute, 6 * minute, hour]) await p.cronAfter(wait)
  assert.equal((await p.stream(streamId)).recording.status, 'failed')
  assert.deepEqual(await p.recordings(), [])
  assert.equal((await stage.sql('SELECT count(*) AS n FROM live_streams WHERE tend_at IS NOT NULL'))[0].n, 0, 'nothing is left to do')
})

test('LiveKit restarts with nothing and the host comes back: the new life of the room is recorded', async () => {
  const { streamId, egressId } = await recorded(p, 'talk', { viewer: 'bob' })
  await stage.dev('/dev/forget', { what: 'everything' })
  const again = await p.host('talk', { record: true })
  assert.equal(again.streamId, streamId)
  const stream = await p.until(streamId, ({ recording, viewerCount }) => recording.status === 'recording' && recording.egressId !== egressId && viewerCount === 0)
  await p.cronAfter(6 * minute)
  const [alive, ...others] = await p.egresses()
  assert.deepEqual([alive.egress_id, alive.status, others], [stream.recording.egressId, 'EGRESS_ACTIVE', []])
  await p.stop({ roomName: 'talk' })
  await p.ready(alive.egress_id)
  for (const wait of [35 * minute, 2 * minute, 6 * minute, hour]) await p.cronAfter(wait)
  assert.deepEqual((await jobs()).map(({ status, inferred }) => [status, inferred]), [['failed', 1], ['complete', 0]])
  assert.equal((await p.recordings()).length, 1)
})

test('lists of another LiveKit project close nothing', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'livekit-storj-projects-'))
  const flags = ['--livekit', '127.0.0.1:0', '--api-key', livekitKey.key, '--api-secret', livekitKey.secret]
  const s3 = ['--s3', '127.0.0.1:0', '--access-key', storjKey.key, '--secret-key', storjKey.secret, '--bucket', bucket]
  const port = await freePort()
  const worker = `http://127.0.0.1:${port}`
  const opened = []
  const devstack = async () => opened[opened.push(await startDevstack([...flags, ...s3, '--webhook-url', `${worker}/livekit-webhook`, '--speed', '20'])) - 1]
  const on = async (side) => {
    const runtime = await startWorker(port, { ...usualVars(side, worker), ...mp4Alone }, { folder })
    const scene = stageOf({ worker, devstack: side, runtime })
    return { runtime, there: scene, they: play(scene) }
  }
  let runtime
  try {
    const ours = await devstack()
    let at = await on(ours)
    runtime = at.runtime
    const { streamId, egressId } = await recorded(at.they, 'talk', { viewer: 'bob' })
    await at.they.settled()
    await runtime.stop()
    at = await on(await devstack())
    runtime = at.runtime
    for (let n = 0; n < 6; n++) await at.they.cronAfter(10 * minute)
    const seen = async () => (({ status, viewerCount, recording }) => [status, viewerCount, recording.status, recording.egressId])(await at.they.stream(streamId))
    assert.deepEqual(await seen(), ['live', 1, 'recording', egressId])
    await runtime.stop()
    at = await on(ours)
    runtime = at.runtime
    await at.they.cronAfter(10 * minute)
    assert.deepEqual(await seen(), ['live', 1, 'recording', egressId])
    await at.they.stop({ egressId })
    await at.they.ready(egressId)
    await isTrue(at.they, at.there)
  } finally {
    await runtime?.stop()
    for (const { child } of opened) await endGroup(child)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
