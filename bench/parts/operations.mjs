// The three operations: the rows they stand on, their requests, and what a right answer is.

import assert from 'node:assert/strict'
import { AwsClient } from 'aws4fetch'
import { TokenVerifier } from 'livekit-server-sdk'
import { bucket, livekitKey, storjKey } from '../../tests/e2e/harness/harness.mjs'
import { sign } from '../../tests/e2e/harness/play.mjs'
import { addRecording, addStream } from '../../tests/e2e/harness/rows.mjs'

const room = { name: 'room-show', sid: 'RM_bench000001', began: Date.now() - 60_000 }
const file = 'the bytes of a recording'

/** One public stream of alice's and one recording of hers, with its object in the bucket. */
export async function furnish(stage) {
  await addStream(stage, 'show', { room_name: room.name })
  const { object_key: key } = await addRecording(stage, 'film')
  const s3 = new AwsClient({ accessKeyId: storjKey.key, secretAccessKey: storjKey.secret, service: 's3', region: 'us-east-1' })
  const { status } = await s3.fetch(`${stage.s3}/${bucket}/${key}`, { method: 'PUT', body: file })
  assert.equal(status, 200, 'the object is in the bucket')
}

const json = { 'content-type': 'application/json' }
const same = (count, request) => Array.from({ length: count }, () => request)
let people = 0

/** `requests(stage, count)`: as many as are to be sent once each. `check(stage, answer)` throws if the answer is wrong. */
export const operations = [
  {
    name: 'POST /livekit-token, a viewer',
    status: 201,
    requests: (stage, count) => {
      const headers = { ...json, authorization: `Bearer ${stage.token('bob')}` }
      return same(count, { method: 'POST', path: '/livekit-token', headers, body: JSON.stringify({ roomName: room.name }) })
    },
    check: async (stage, { text }) => {
      const { participant_token: token, expiresAt, ...rest } = JSON.parse(text)
      assert.deepEqual(rest, { server_url: stage.livekit.replace('http', 'ws'), streamId: 'show', role: 'viewer' })
      const claims = await new TokenVerifier(livekitKey.key, livekitKey.secret).verify(token)
      const video = { roomJoin: true, room: room.name, canPublish: false, canSubscribe: true, canPublishData: false }
      assert.deepEqual(claims.video, video)
      assert.deepEqual(claims.attributes, { role: 'viewer', record: 'false', saveToStorj: 'false', quality: '1080p' })
      assert.match(claims.sub, /^bob~[a-z]{8}$/)
      for (const until of [claims.exp * 1_000, Date.parse(expiresAt)]) near(until, Date.now() + 600_000)
    },
  },
  {
    name: 'POST /livekit-webhook, participant_joined',
    status: 200,
    requests: (_, count) => Promise.all(same(count).map(() => joined(`u${++people}`))),
    check: async (_, { text }) => assert.deepEqual(JSON.parse(text), { success: true }),
  },
  {
    name: 'GET /api/recordings/{id}/playback',
    status: 200,
    requests: (_, count) => same(count, { method: 'GET', path: '/api/recordings/film/playback', headers: {} }),
    check: async (_, { text }) => {
      const { url, expiresAt, ...rest } = JSON.parse(text)
      assert.deepEqual(rest, { type: 'video/mp4', thumbnailUrl: null })
      near(Date.parse(expiresAt), Date.now() + 60_000 + 3_600_000) // The recording's minute and an hour.
      // The signature is for GET. The devstack's S3 server verifies it.
      const got = await fetch(url)
      assert.deepEqual([got.status, await got.text(), got.headers.get('content-type')], [200, file, 'video/mp4'])
      const forged = await fetch(url.replace('inline', 'attachment'))
      assert.equal(forged.status, 403, 'another query than the signed one is refused')
    },
  },
]

/** A webhook of somebody who comes to watch, in the words of LiveKit's server 1.9. */
async function joined(user) {
  const now = Date.now()
  const seconds = (ms) => String(Math.floor(ms / 1_000))
  const video = ['VP8', 'H264', 'VP9', 'AV1', 'H265', 'rtx'].map((name) => `video/${name}`)
  const mimes = ['audio/PCMU', 'audio/PCMA', 'audio/opus', 'audio/red', ...video]
  const body = JSON.stringify({
    event: 'participant_joined',
    room: {
      ...{ sid: room.sid, name: room.name, emptyTimeout: 30, departureTimeout: 10 },
      ...{ creationTime: seconds(room.began), creationTimeMs: String(room.began), turnPassword: 'QK3K2iZqkWoyLzKuHqWnQpmTZTJec3iIomJJmDIwdyL' },
      ...{ enabledCodecs: mimes.map((mime) => ({ mime })), numParticipants: 2, numPublishers: 1 },
    },
    participant: {
      ...{ sid: `PA_${user}`, identity: `${user}~abcdefgh`, state: 'ACTIVE', joinedAt: seconds(now), joinedAtMs: String(now), version: 2 },
      ...{ permission: { canSubscribe: true }, clientProtocol: 2 },
    },
    id: `EV_${user}`,
    createdAt: seconds(now),
  })
  const headers = { 'content-type': 'application/webhook+json', authorization: await sign(body) }
  return { method: 'POST', path: '/livekit-webhook', headers, body }
}

/** Within ten seconds. */
const near = (time, expected) => assert.ok(Math.abs(time - expected) < 10_000, `${time} is not near ${expected}`)
