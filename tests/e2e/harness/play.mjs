// What tests do again and again on a stage: play a broadcast, look at LiveKit and the bucket, sign webhooks, let time
// pass.
//
//     const p = play(stage)
//     const { streamId } = await p.host('my-room', { record: true })
//     await p.until(streamId, 'recording')

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk'
import { authSecret, livekitKey, start, storjKey, waitFor } from './harness.mjs'

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function play(stage) {
  const look = async (path) => (await fetch(`${stage.livekit}${path}`)).json()
  let times
  const timesOfTables = async () => {
    const columns = await stage.sql(
      "SELECT t.name AS name, c.name AS col FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
    )
    const isTime = ({ name, col }) => !/^(_|sqlite|d1_)/.test(name) && /(^|_)at$|^until$/.test(col)
    const tables = []
    for (const { name, col } of columns.filter(isTime)) {
      const known = tables.find(([table]) => table === name)
      if (known) known[1].push(col)
      else tables.push([name, [col]])
    }
    // Last the one that says when the schedule comes: work that is under way then does not put it off by what it read before.
    return tables.sort(([a], [b]) => Number(a === 'live_streams') - Number(b === 'live_streams'))
  }
  const p = {
    look,
    /** LiveKit's rooms, recording jobs, and tries to deliver webhooks; the bucket's objects without the probes. */
    rooms: async () => (await look('/dev/state')).rooms,
    room: async (name) => (await p.rooms()).find((room) => room.name === name),
    egresses: async (room) => (await look('/dev/state')).egresses.filter((egress) => !room || egress.room_name === room),
    hooks: async () => look('/dev/webhooks'),
    objects: async () => (await look('/dev/s3')).objects.filter(({ key }) => !key.includes('/_probe/')),

    faults: (change) => stage.dev('/dev/faults', change),
    /** LiveKit's own administration, by the official SDK: as another backend of the same project uses it. */
    admin: new RoomServiceClient(stage.livekit, livekitKey.key, livekitKey.secret),

    /** A token of the Worker's to join with. */
    async token(room, user, body = {}) {
      const { status, body: answer } = await stage.api('POST', '/livekit-token', { user, body: { roomName: room, ...body } })
      assert.equal(status, 201, JSON.stringify(answer))
      return answer
    },
    /** The host comes with the Worker's token, and publishes unless told otherwise. */
    async host(room, { user = 'alice', publish = true, ...body } = {}) {
      const { streamId, participant_token } = await p.token(room, user, { role: 'host', ...body })
      const joined = await stage.dev('/dev/join', { token: participant_token, publish })
      return { streamId, sid: joined.room.sid, identity: joined.participant.identity }
    },
    /** A viewer comes with the Worker's token. */
    async viewer(room, user = 'bob') {
      const { participant_token } = await p.token(room, user)
      const { participant } = await stage.dev('/dev/join', { token: participant_token })
      return participant.identity
    },
    /** Somebody comes with another backend's token of the same LiveKit project. */
    async stranger(room, identity, { publish = false, kind, hidden = false } = {}) {
      const token = new AccessToken(livekitKey.key, livekitKey.secret, { identity, ttl: 600 })
      token.addGrant({ roomJoin: true, room, canPublish: publish, canSubscribe: true, hidden })
      return stage.dev('/dev/join', { token: await token.toJwt(), publish, ...(kind ? { kind } : {}) })
    },
    leave: (room, identity) => stage.dev('/dev/leave', { room, identity }),

    start: (room, { user = 'alice', admin, ...body } = {}) =>
      stage.api('POST', '/livekit-egress', { user, admin, body: { roomName: room, ...body } }),
    stop: (body, user = 'alice') => stage.api('POST', '/livekit-egress/stop', { user, body }),

    /** A stream as its owner sees it. */
    stream: async (id, user = 'alice') => (await stage.api('GET', `/api/streams/${id}`, { user })).body,
    /** Waits until its recording has that status, or until `want` holds; answers the stream. */
    until: (id, want, user = 'alice') =>
      waitFor(async () => {
        const stream = await p.stream(id, user)
        const met = typeof want === 'function' ? want(stream) : stream.recording.status === want
        return met && stream
      }),
    recordings: async (user = 'alice') => (await stage.api('GET', '/api/recordings', { user })).body.recordings,
    /** Waits for the recording of an egress to be ready. */
    ready: (egressId, user = 'alice') =>
      waitFor(async () => (await p.recordings(user)).find((r) => r.egressId === egressId && r.status === 'ready')),

    /** Sends a webhook as LiveKit does, signed by the official SDK unless headers say otherwise. */
    async webhook(event, { body = JSON.stringify(event), authorization, type = 'application/webhook+json' } = {}) {
      const headers = { 'content-type': type, authorization: authorization ?? (await sign(body)) }
      return stage.api('POST', '/livekit-webhook', { body, headers })
    },

    /** What is stored becomes so much older, as if that time had passed: by convention, times end in `_at`. */
    async ages(ms) {
      times ??= await timesOfTables()
      for (const [table, columns] of times) {
        await stage.sql(`UPDATE "${table}" SET ${columns.map((column) => `${column} = ${column} - ${ms}`).join(', ')}`)
      }
    },
    /** The schedule, as if it came after that time. */
    async cronAfter(ms) {
      await p.ages(ms)
      await stage.cron()
    },

    /** Waits until nothing has happened for a while: no webhook tried, no request of the Worker's ended. */
    async settled(ms = 250) {
      const count = async () => `${(await p.hooks()).length} ${stage.logs().length}`
      for (let before = null, now = await count(); now !== before; ) {
        before = now
        await pause(ms)
        now = await count()
      }
    },

    /** No line of the log tells a credential. */
    tellsNoSecret(more = []) {
      const lines = stage.logs().map((line) => JSON.stringify(line))
      assert.notEqual(lines.length, 0)
      // A token begins with `{"alg":` or `{"typ":`; the three letters `eyJ` alone are in one id of a thousand.
      const tokens = ['{"alg":', '{"typ":'].map((start) => Buffer.from(start).toString('base64').slice(0, 9))
      const secrets = [livekitKey.secret, storjKey.secret, authSecret, ...tokens, 'X-Amz-Signature', 'X-Amz-Credential', 'turnPassword', 'turn_password', ...more]
      for (const line of lines) for (const secret of secrets) assert.ok(!line.includes(secret), `${secret.slice(0, 12)}… in ${line}`)
    },
  }
  return p
}

/** Tests on a stage of their own: `tests` gets `{stage, p}`, filled before the first one runs. */
export function staged(name, { secrets, ...options }, tests) {
  describe(name, () => {
    const scene = {}
    before(async () => {
      scene.stage = await start(options)
      scene.p = play(scene.stage)
    })
    after(() => scene.stage?.stop())
    tests(scene)
    test('no line of the log tells a secret', () => scene.p.tellsNoSecret(secrets))
  })
}

/** The `Authorization` of a webhook with this body, by LiveKit's official SDK. */
export async function sign(body, { key, secret } = livekitKey) {
  const token = new AccessToken(key, secret, { ttl: 300 })
  token.sha256 = createHash('sha256').update(body).digest('base64')
  return token.toJwt()
}

let events = 0
/** An event's id that no other has. */
export const eventId = () => `EV_test${process.pid}x${++events}`

/** A webhook about a room, with its session and what else is said. */
export function roomEvent(event, { name, sid }, rest = {}) {
  const now = Date.now()
  const room = { sid, name, creationTime: `${Math.floor(now / 1000)}`, creationTimeMs: `${now}`, turnPassword: 'turnPassword-of-a-room' }
  return { event, id: eventId(), createdAt: `${Math.floor(now / 1000)}`, room, ...rest }
}
