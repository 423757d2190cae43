// Rows straight into the database, for states that would take a whole broadcast to reach.

import { bucket } from './harness.mjs'

/** 2026-11-23T00:00:00.000Z: tests that compare times begin here. */
export const day = 1_795_392_000_000

async function insert(stage, table, row) {
  const names = Object.keys(row)
  await stage.sql(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`, ...Object.values(row))
  return row
}

/** A stream of alice's, public and not live unless said otherwise. */
export function addStream(stage, id, more = {}) {
  const usual = { title: `Stream ${id}`, room_name: `room-${id}`, owner_id: 'alice', visibility: 'public', record: 0, quality: '1080p' }
  return insert(stage, 'live_streams', { id, ...usual, created_at: Date.now(), ...more })
}

/** A recording of alice's, public and ready unless said otherwise. */
export function addRecording(stage, id, more = {}) {
  const file = { object_key: `livekit-recordings/alice/${id}_${day}.mp4`, bucket, endpoint: stage.s3, region: 'us-east-1' }
  const about = { title: `Recording ${id}`, room_name: `room-${id}`, owner_id: 'alice', visibility: 'public', quality: '1080p' }
  const job = { livepeer_asset_id: `EG_${id}`, job_id: `job-${id}`, part: 1, status: 'ready', duration_ms: 60_000, size_bytes: 1_000 }
  return insert(stage, 'assets', { id, ...about, ...file, ...job, created_at: Date.now(), ...more })
}

/** The newest job of a stream, over unless said otherwise. */
export async function addJob(stage, streamId, more = {}) {
  const id = `job-of-${streamId}`
  const usual = { egress_id: `EG_of_${streamId}`, stream_id: streamId, session_sid: `RM_${streamId}`, room_name: `room-${streamId}` }
  const file = { object_key: `livekit-recordings/alice/${id}_${day}.mp4`, bucket, endpoint: stage.s3, region: 'us-east-1' }
  const how = { owner_id: 'alice', project: 'elsewhere', quality: '1080p', layout: 'speaker', audio_only: 0, part: 1, status: 'complete' }
  const row = await insert(stage, 'egresses', { id, ...usual, ...file, ...how, requested_at: Date.now(), ...more })
  await stage.sql('UPDATE live_streams SET job_id = ? WHERE id = ?', id, streamId)
  return row
}

const tables = [
  ...['live_streams', 'assets', 'egresses', 'sessions', 'participants', 'audience', 'webhook_events', 'storage_proofs', 'downloads'],
  // What is begun and not yet done stands in these.
  ...['trash', 'saves', 'thumbnails', 'outbox', 'erasures', 'rehearsals'],
]

/** How many rows each table has: what a refused request must not change. */
export async function rowCounts(stage) {
  const [counts] = await stage.sql(`SELECT ${tables.map((name) => `(SELECT count(*) FROM ${name}) AS ${name}`).join(', ')}`)
  return counts
}

/** Everything that callers can change, to be compared before and after. */
export async function contents(stage) {
  const all = {}
  for (const name of tables) all[name] = await stage.sql(`SELECT * FROM ${name} ORDER BY 1`)
  return all
}
