// Both Workers answer rightly, before anything is measured, and the rows that they wrote are the same.

import assert from 'node:assert/strict'
import { operations } from './operations.mjs'
import { ask } from './requests.mjs'

/** What a webhook leaves, but for times and ids that each draws for itself. */
const effects = [
  'SELECT id, event FROM webhook_events ORDER BY id',
  'SELECT sid, stream_id, room_name, started_at, ended_at FROM sessions ORDER BY sid',
  'SELECT sid, session_sid, stream_id, identity, role, joined_at, left_at FROM participants ORDER BY sid',
  'SELECT stream_id, viewer, seen_at FROM audience ORDER BY viewer',
  'SELECT stream_id, session_sid, step, change FROM viewer_steps ORDER BY step',
  'SELECT id, status, session_sid, session_at, viewer_count, peak_viewers, unique_viewers FROM live_streams ORDER BY id',
]

/** Each operation once on each Worker: the same requests to both. */
export async function answerRightly(sides) {
  for (const { name, requests, status, check } of operations) {
    const [shared] = await requests(sides[0].stage, 1)
    for (const { side, stage } of sides) {
      const answer = await ask(stage.worker, shared)
      const what = `${side}: ${name}: ${answer.status} ${answer.text}`
      assert.equal(answer.status, status, what)
      await check(stage, answer).catch((error) => Promise.reject(new Error(what, { cause: error })))
    }
    if (name.includes('webhook')) await webhooksAreHeld(sides, shared)
  }
  await refuseRightly(sides)
}

/** The same event again counts once; and both have written the same. */
async function webhooksAreHeld(sides, shared) {
  const all = await Promise.all(sides.map(async ({ stage }) => {
    const again = await ask(stage.worker, shared)
    assert.equal(again.status, 200, again.text)
    return rows(stage)
  }))
  assert.equal(all[0].at(-1)[0].viewer_count, 1)
  assert.deepEqual(all[1], all[0], 'both Workers write the same rows')
}

const rows = (stage) => Promise.all(effects.map((query) => stage.sql(query)))

/** Neither is quick because it does not look. */
async function refuseRightly(sides) {
  const [[token], [webhook]] = await Promise.all(operations.slice(0, 2).map(({ requests }) => requests(sides[0].stage, 1)))
  const spoilt = (request) => ({ ...request, headers: { ...request.headers, authorization: `${request.headers.authorization.slice(0, -4)}AAAA` } })
  const refused = [
    ['a bearer with another signature', spoilt(token), 401],
    ['a webhook with another signature', spoilt(webhook), 401],
    ['a webhook with another body', { ...webhook, body: webhook.body.replace('ACTIVE', 'JOINED') }, 401],
    ['no bearer', { ...token, headers: {} }, 401],
    ['no such room', { ...token, body: '{"roomName":"nowhere"}' }, 404],
    ['no such recording', { method: 'GET', path: '/api/recordings/none/playback', headers: {} }, 404],
  ]
  for (const { side, stage } of sides) {
    for (const [what, request, status] of refused) {
      const answer = await ask(stage.worker, request)
      assert.equal(answer.status, status, `${side}: ${what}: ${answer.status} ${answer.text}`)
    }
  }
}

/** After all rounds: so many webhooks as were sent are on file with their effect, on both sides. */
export async function nothingIsMissing(sides, sent) {
  for (const { side, stage } of sides) {
    const [counts] = await stage.sql(`SELECT (SELECT count(*) FROM webhook_events) AS events, (SELECT count(*) FROM participants) AS people,
      (SELECT count(*) FROM audience) AS audience, (SELECT viewer_count FROM live_streams) AS now, (SELECT unique_viewers FROM live_streams) AS ever`)
    const all = sent.get(side) + 1
    assert.deepEqual(counts, { events: all, people: all, audience: all, now: all, ever: all }, `${side}: rows after ${all} webhooks`)
  }
}
