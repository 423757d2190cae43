// `kill -9` of workerd again and again while webhooks and callers come in; then another Worker on the same data is asked
// for everything that was answered with a success.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../../scripts/parts/ports.mjs'
import { start, waitFor } from './harness.mjs'
import { pause, play, roomEvent } from './play.mjs'
import { startWorker } from './worker.mjs'

/** LiveKit's waits between its five tries, ten times as fast: a restart takes about as long as all of them. */
const WAITS_MS = [0, 100, 200, 400, 800]
/** Rooms whose events come at the same time; LiveKit sends those of one room one after the other. */
const ROOMS = 12
/** Streams made by callers at the same time. */
const CALLERS = 2

/**
 * Kills `kills` times, and checks. Answers the figures: `{kills, acknowledged, streams, broken, again, lost}`: events
 * answered 200, streams answered 201, requests without an answer, events that were sent again, events that LiveKit would
 * have given up.
 */
export async function killUnderLoad(kills, say = () => {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'livekit-storj-kill-'))
  try {
    const figures = { kills: 0, acknowledged: 0, streams: 0, broken: 0, again: 0, lost: 0 }
    const stage = await start({ folder })
    const known = { events: [], streams: [], onAnswer: null }
    try {
      await load(stage, known, figures, async () => {
        while (figures.kills < kills) {
          const before = figures.acknowledged + figures.streams
          await waitFor(() => figures.acknowledged + figures.streams >= before + 30, 30_000)
          // One at any moment; one when an answer has just come, so that nothing of its work could follow behind it.
          if (figures.kills % 2 === 0) await pause(randomInt(40)).then(() => stage.kill())
          else await new Promise((resolve) => (known.onAnswer = () => resolve(stage.kill()))).finally(() => (known.onAnswer = null))
          figures.kills += 1
          say(`${figures.kills} kills, ${figures.acknowledged} events and ${figures.streams} streams answered with a success`)
        }
      })
    } finally {
      await stage.stop()
    }
    await isAllThere(folder, known)
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Sends until `work` is done. What was answered with a success is put into `known`. */
async function load(stage, known, figures, work) {
  const p = play(stage)
  let over = false
  const room = async (number) => {
    const name = `room-${number}`
    const sid = `RM_${number}`
    const { status } = await stage.api('POST', '/api/streams', { user: 'alice', body: { title: name, roomName: name } })
    assert.equal(status, 201)
    const people = []
    const person = () => ({ sid: `PA_${number}x${people.length}`, identity: `bob${people.length}~abcdefgh`, joinedAt: `${Math.floor(Date.now() / 1000)}` })
    const next = () => {
      // Of three that come one goes, so that there are both to be counted.
      if (people.length % 3 === 2 && !people.at(-1).went) return roomEvent('participant_left', { name, sid }, { participant: Object.assign(people.at(-1), { went: true }) })
      people.push(person())
      return roomEvent('participant_joined', { name, sid }, { participant: people.at(-1) })
    }
    await deliver(roomEvent('room_started', { name, sid }))
    while (!over) await deliver(next())
  }
  const deliver = async (event) => {
    const body = JSON.stringify(event)
    for (const [attempt, wait] of WAITS_MS.entries()) {
      await pause(wait)
      if (attempt > 0) figures.again += 1
      const answer = await p.webhook(event, { body }).catch(() => null)
      if (answer?.status === 200) {
        known.onAnswer?.()
        known.onAnswer = null
        known.events.push(event)
        figures.acknowledged += 1
        return
      }
      // LiveKit sends again after 5xx, and so do we; anything else would be a bug.
      assert.ok(!answer || answer.status >= 500, `${answer?.status} ${answer?.text}`)
      figures.broken += 1
    }
    figures.lost += 1
  }
  const caller = async (number) => {
    for (let made = 0; !over; made++) {
      const body = { title: `Stream ${made}`, roomName: `of-${number}-${made}` }
      const answer = await stage.api('POST', '/api/streams', { user: `user-${number}`, body }).catch(() => null)
      if (answer?.status === 201) {
        known.streams.push(answer.body.id)
        figures.streams += 1
      } else {
        assert.ok(!answer || answer.status >= 500, `${answer?.status} ${answer?.text}`)
        figures.broken += 1
        await pause(50)
      }
    }
  }
  const numbers = (count) => Array.from({ length: count }, (_, number) => number)
  const all = [...numbers(ROOMS).map(room), ...numbers(CALLERS).map(caller)]
  try {
    await Promise.race([work(), Promise.all(all)])
  } finally {
    over = true
    await Promise.all(all)
  }
}

/** Another Worker, started on what the killed ones left. */
async function isAllThere(folder, known) {
  const worker = await startWorker(await freePort(), { LIVEKIT_URL: 'http://127.0.0.1:9' }, { folder })
  try {
    const rows = async (query) => new Map((await worker.sql(query)).map(({ id, ...row }) => [id, row]))
    const filed = await rows('SELECT id, event FROM webhook_events')
    const people = await rows('SELECT sid AS id, left_at FROM participants')
    const streams = await rows('SELECT id, viewer_count, unique_viewers FROM live_streams')
    const sessions = await rows('SELECT sid AS id, stream_id FROM sessions')
    for (const event of known.events) {
      assert.equal(filed.get(event.id)?.event, event.event, `${event.id} was answered 200`)
      assert.ok(sessions.has(event.room.sid))
      if (!event.participant) continue
      const person = people.get(event.participant.sid)
      assert.ok(person, `${event.event} of ${event.participant.sid}`)
      if (event.event === 'participant_left') assert.ok(person.left_at, `${event.participant.sid} has left`)
    }
    for (const id of known.streams) assert.ok(streams.has(id), `stream ${id} was answered 201`)
    // And no event is half there: the numbers are those of the rows.
    const counted = await worker.sql(
      'SELECT l.viewer_count, l.unique_viewers, (SELECT count(*) FROM participants p WHERE p.stream_id = l.id AND p.left_at IS NULL) AS present, ' +
        '(SELECT count(*) FROM audience a WHERE a.stream_id = l.id) AS people FROM live_streams l WHERE l.session_sid IS NOT NULL',
    )
    assert.equal(counted.length, ROOMS)
    for (const { viewer_count: viewers, unique_viewers: unique, present, people: different } of counted) assert.deepEqual([viewers, unique], [present, different])
  } finally {
    await worker.stop()
  }
}
