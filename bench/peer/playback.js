// `GET /api/recordings/{id}/playback`: a presigned link to the recording's file. It plays MP4 files only, no segments, and has no thumbnails.

import { AwsClient } from 'aws4fetch'
import { maySee, Refused } from './caller.js'

const RECORDING = `SELECT owner_id, visibility, status, COALESCE(saved_key, object_key) AS object_key, bucket, endpoint, region,
  duration_ms, expires_at FROM assets WHERE id = ?`

/** A link is good for the recording's length and an hour, at most a week: SigV4 allows no more. */
const [PAUSES_MS, UNKNOWN_LENGTH_MS, WEEK_S] = [3_600_000, 3 * 3_600_000, 7 * 86_400]

/** aws4fetch keeps the day's signing key here: four of five HMACs less from the second link on. */
const signingKeys = new Map()

export async function playback(env, caller, id) {
  const row = await env.DB.prepare(RECORDING).bind(id).first()
  if (!row || !maySee(row, caller)) throw new Refused(404, 'recording_not_found', 'there is no such recording')
  if (row.status !== 'ready') throw new Refused(row.status === 'processing' ? 409 : 410, `recording_${row.status}`, 'it cannot be played')

  const now = Date.now()
  const end = Math.min(row.expires_at ?? Infinity, now + (row.duration_ms ?? UNKNOWN_LENGTH_MS) + PAUSES_MS)
  const seconds = Math.min(Math.floor((end - now) / 1_000), WEEK_S)
  const url = new URL(`${row.endpoint}/${row.bucket}/${row.object_key}`)
  url.searchParams.set('X-Amz-Expires', String(seconds))
  url.searchParams.set('response-content-disposition', 'inline')
  url.searchParams.set('response-content-type', 'video/mp4')
  const client = new AwsClient({
    accessKeyId: env.STORJ_ACCESS_KEY_ID,
    secretAccessKey: env.STORJ_SECRET_ACCESS_KEY,
    service: 's3',
    region: row.region,
    cache: signingKeys,
  })
  const signed = await client.sign(url, { aws: { signQuery: true } })
  const body = { url: signed.url, type: 'video/mp4', thumbnailUrl: null, expiresAt: new Date(now + seconds * 1_000).toISOString() }
  return Response.json(body, { headers: { 'cache-control': 'no-store' } })
}
