// `POST /livekit-webhook`: LiveKit's signature over the raw body, then the event's id and, of a `participant_joined`, its effect in
// one D1 batch. The tables' triggers count the viewers, as they do for the Worker in Rust.
//
// What it does less than that one: of the other events it files the id alone. It ends no older session of the same room, opens no
// ended stream again, keeps no list of what was heard (table `told`, for `…/why`), does not say whether the event was new, takes no
// second key, and writes no line of log.

import { WebhookReceiver } from 'livekit-server-sdk'
import { Refused } from './caller.js'

const EVENT = 'INSERT INTO webhook_events (id, receipt, event, received_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'
const SESSION = `INSERT INTO sessions (sid, stream_id, room_name, project, started_at)
  SELECT ?, id, room_name, ?, ? FROM live_streams WHERE room_name = ? AND owns_room = 1 AND ended_at IS NULL ON CONFLICT DO NOTHING`
const ENTER = `UPDATE live_streams SET session_sid = ?, session_at = ?, tend_at = ?
  WHERE room_name = ? AND owns_room = 1 AND ended_at IS NULL AND (session_at IS NULL OR session_at < ?)`
const JOINED = `INSERT INTO participants (sid, session_sid, stream_id, identity, role, joined_at, filed_at)
  SELECT ?, s.sid, s.stream_id, ?, iif(l.owner_id = ?, 'host', 'viewer'), ?, ? FROM sessions s JOIN live_streams l ON l.id = s.stream_id
  WHERE s.sid = ? ON CONFLICT DO NOTHING`
const AUDIENCE = `INSERT INTO audience (stream_id, viewer, seen_at)
  SELECT stream_id, ?, ? FROM participants WHERE sid = ? AND role = 'viewer' ON CONFLICT DO NOTHING`

/** `ParticipantInfo_Kind`, which the SDK does not hand on: no ingress, recorder or agent, but who dials in by telephone. */
const [STANDARD, SIP] = [0, 3]
const isPerson = ({ kind, permission: may }) => (kind === STANDARD || kind === SIP) && !may?.hidden && !may?.recorder && !may?.agent

export async function webhook(request, env) {
  const body = await request.text()
  const event = await verified(body, request.headers.get('authorization'), env)
  const now = Date.now()
  const statements = [env.DB.prepare(EVENT).bind(event.id, crypto.randomUUID(), event.event, now)]
  if (event.event === 'participant_joined' && isPerson(event.participant)) statements.push(...joined(event, env, now))
  await env.DB.batch(statements)
  return Response.json({ success: true })
}

function joined({ room, participant: { sid, identity, joinedAtMs } }, env, now) {
  const [began, at] = [Number(room.creationTimeMs) || now, Number(joinedAtMs) || now]
  const project = new URL(env.LIVEKIT_URL).host
  const person = identity.split('~')[0]
  return [
    env.DB.prepare(SESSION).bind(room.sid, project, began, room.name),
    env.DB.prepare(ENTER).bind(room.sid, began, now, room.name, began),
    env.DB.prepare(JOINED).bind(sid, identity, identity, at, now, room.sid),
    env.DB.prepare(AUDIENCE).bind(person, at, sid),
  ]
}

async function verified(body, authorization, env) {
  try {
    return await new WebhookReceiver(env.LIVEKIT_API_KEY, env.LIVEKIT_API_SECRET).receive(body, authorization ?? undefined)
  } catch {
    throw new Refused(401, 'webhook_signature_refused', "the webhook's signature was refused")
  }
}
