// What must be so at the end of every fault, read from three sides at once: D1, LiveKit and the bucket.

import assert from 'node:assert/strict'
import { start, waitFor } from './harness.mjs'
import { play } from './play.mjs'

/** LiveKit's endings, as the Worker calls them. */
const ENDINGS = { EGRESS_COMPLETE: 'complete', EGRESS_FAILED: 'failed', EGRESS_ABORTED: 'aborted', EGRESS_LIMIT_REACHED: 'limit_reached' }

/** What becomes of the MP4 alone: the safety copy has tests of its own. */
export const mp4Alone = { SAFETY_COPY: 'off' }

/** A stage for faults: LiveKit waits a twentieth of its times. */
export async function faultStage({ vars = {}, ...options } = {}) {
  const stage = await start({ speed: 20, vars: { ...mp4Alone, ...vars }, ...options })
  return { stage, p: play(stage) }
}

/** Nothing is left of the test before, in the bucket neither. */
export async function emptied(stage) {
  await stage.reset()
  await stage.dev('/dev/s3', { remove: 'livekit-recordings/' })
}

/** A broadcast of alice's that records: its stream, egress and object key. */
export async function recorded(p, room = 'talk', { viewer } = {}) {
  const { streamId } = await p.host(room, { record: true })
  const { recording } = await p.until(streamId, 'recording')
  if (viewer) {
    await p.viewer(room, viewer)
    await p.until(streamId, ({ viewerCount }) => viewerCount === 1)
  }
  const egress = (await p.egresses(room)).find(({ egress_id: id }) => id === recording.egressId)
  return { streamId, egressId: recording.egressId, key: egress.room_composite.file_outputs[0].filepath }
}

/** Waits until LiveKit has an egress in that status. */
export const atLiveKit = (p, egressId, status) =>
  waitFor(async () => (await p.egresses()).find((egress) => egress.egress_id === egressId && egress.status === status))

/**
 * Each file of ours has one recording, ready and of its true size; no other recording is ready; each egress that LiveKit has
 * is one job, ended as LiveKit says; and of each session one egress at most records.
 */
export async function isTrue(p, stage) {
  const [jobs, assets, egresses, objects] = await Promise.all([
    stage.sql('SELECT egress_id, object_key, status, inferred, error FROM egresses'),
    stage.sql('SELECT object_key, job_id, livepeer_asset_id, status, size_bytes FROM assets'),
    p.egresses(),
    p.objects(),
  ])
  for (const { key, size } of objects) {
    const told = assets.filter(({ object_key }) => object_key === key).map(({ status, size_bytes }) => [status, size_bytes])
    assert.deepEqual(told, [['ready', size]], `${key} has one recording`)
  }
  const keys = new Set(objects.map(({ key }) => key))
  for (const { object_key: key, status } of assets) if (!keys.has(key)) assert.notEqual(status, 'ready', `${key} is not there`)
  for (const { egress_id: id, status } of egresses) {
    const mine = jobs.filter(({ egress_id }) => egress_id === id)
    assert.equal(mine.length, 1, `${id} is one job`)
    if (ENDINGS[status]) assert.deepEqual([mine[0].status, mine[0].inferred], [ENDINGS[status], 0], `${id} ended as LiveKit says`)
  }
  for (const { error, status } of jobs) if (status === 'failed' || status === 'aborted') assert.ok(error, 'a failure says why')
  const recording = jobs.filter(({ status }) => status === 'recording').length
  const rooms = (await p.rooms()).length
  assert.ok(recording <= rooms, `${recording} record in ${rooms} rooms`)
  return { jobs, assets, egresses, objects }
}

/** LiveKit would go on with it. */
export const isAlive = ({ status }) => !Object.hasOwn(ENDINGS, status)

/** After minutes of schedule one egress records, and once it is stopped there are so many recordings. */
export async function oneRecords({ p, stage }, streamId, { recordings = 1 } = {}) {
  await p.faults({ reset: true })
  await p.until(streamId, 'recording')
  await p.cronAfter(6 * 60_000)
  const [alive, ...others] = (await p.egresses()).filter(isAlive)
  assert.deepEqual(others, [])
  await p.stop({ roomName: 'talk' })
  assert.equal((await p.ready(alive.egress_id)).partial, false)
  assert.equal((await p.recordings()).length, recordings)
  await isTrue(p, stage)
}
