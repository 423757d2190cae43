// `POST /livekit-token`: a token for a viewer of a stream that is there. It makes no streams and no hosts.

import { AccessToken } from 'livekit-server-sdk'
import { maySee, Refused } from './caller.js'

/** Ten minutes to join. */
const TTL_S = 600

/** The stream that owns the name: the one that has not ended, else the newest. */
const STREAM = `SELECT id, owner_id, visibility, ended_at, record, save_to_storj, quality FROM live_streams
  WHERE room_name = ? AND owns_room = 1 AND deleted_at IS NULL ORDER BY ended_at IS NOT NULL, created_at DESC LIMIT 1`

export async function token(request, env, caller) {
  if (caller === null) throw new Refused(401, 'unauthorized', 'sign in first')
  const { roomName } = await request.json().catch(() => ({}))
  if (typeof roomName !== 'string' || roomName === '') throw new Refused(400, 'invalid_request', '`roomName` is missing')
  const stream = await env.DB.prepare(STREAM).bind(roomName).first()
  if (!stream || !maySee(stream, caller)) throw new Refused(404, 'room_not_found', 'there is no such room')
  if (stream.ended_at !== null) throw new Refused(409, 'stream_ended', 'this stream has ended')

  const expiresAt = new Date(Date.now() + TTL_S * 1_000)
  const minted = new AccessToken(env.LIVEKIT_API_KEY, env.LIVEKIT_API_SECRET, {
    identity: `${caller}~${letters(8)}`,
    ttl: TTL_S,
    attributes: {
      role: 'viewer',
      record: String(stream.record === 1),
      saveToStorj: String(stream.save_to_storj === 1),
      quality: stream.quality,
    },
  })
  minted.addGrant({ roomJoin: true, room: roomName, canPublish: false, canSubscribe: true, canPublishData: false })
  const body = {
    server_url: env.LIVEKIT_URL.replace(/^http/, 'ws'),
    participant_token: await minted.toJwt(),
    streamId: stream.id,
    role: 'viewer',
    expiresAt: expiresAt.toISOString(),
  }
  return Response.json(body, { status: 201, headers: { 'cache-control': 'no-store' } })
}

/** So that one person can watch in two tabs. */
const letters = (count) => String.fromCharCode(...crypto.getRandomValues(new Uint8Array(count)).map((byte) => 97 + (byte % 26)))
