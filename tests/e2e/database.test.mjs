// D1 in trouble: nothing is half done, LiveKit is asked to send again, and callers are told to try again.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { start, waitFor } from './harness/harness.mjs'
import { play, roomEvent } from './harness/play.mjs'

let stage
let p

before(async () => {
  stage = await start()
  p = play(stage)
})
beforeEach(() => stage.reset())
after(() => stage?.stop())

/** While `work` runs, every statement that needs `table` fails. */
async function without(table, work) {
  await stage.sql(`ALTER TABLE ${table} RENAME TO ${table}_away`)
  try {
    return await work()
  } finally {
    await stage.sql(`ALTER TABLE ${table}_away RENAME TO ${table}`)
  }
}

test('a webhook is 503 and leaves nothing, and the same one counts when it comes again', async () => {
  const { body: stream } = await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Show', roomName: 'show' } })
  const participant = { sid: 'PA_1', identity: 'bob~abcdefgh', joinedAt: `${Math.floor(Date.now() / 1000)}` }
  const event = roomEvent('participant_joined', { name: 'show', sid: 'RM_1' }, { participant })
  // The last table that the batch needs: what came before it in the batch must not stay.
  const refused = await without('audience', () => p.webhook(event))
  assert.deepEqual([refused.status, refused.body.code], [503, 'database_unavailable'])
  assert.ok(!/audience|SQLITE|no such table/i.test(refused.text), refused.text)
  assert.deepEqual(await stage.sql('SELECT id FROM webhook_events'), [])
  assert.deepEqual(await stage.sql('SELECT sid FROM sessions'), [])
  assert.equal((await p.webhook(event)).status, 200)
  assert.equal((await p.stream(stream.id)).viewerCount, 1)
})

test('LiveKit’s own tries bring a broadcast through a short outage', async () => {
  const { streamId } = await without('webhook_events', async () => {
    const host = await p.host('show', { record: true })
    await waitFor(async () => (await p.hooks()).some(({ status }) => status === 503))
    return host
  })
  const stream = await p.until(streamId, 'recording')
  assert.equal(stream.status, 'live')
  const tries = (await p.hooks()).filter(({ event }) => event === 'room_started')
  assert.deepEqual([tries[0].status, tries.at(-1).status], [503, 200])
  assert.equal(new Set(tries.map(({ id }) => id)).size, 1)
})

test('callers get 503 with Retry-After, in our words', async () => {
  await p.host('show')
  const calls = () => [
    stage.api('GET', '/api/recordings'),
    stage.api('POST', '/livekit-egress', { user: 'alice', body: { roomName: 'show' } }),
    stage.api('POST', '/livekit-token', { user: 'alice', body: { roomName: 'show' } }),
  ]
  const answers = await without('assets', () => without('live_streams', () => Promise.all(calls())))
  for (const { status, body, headers, text } of answers) {
    assert.deepEqual([status, body.success, body.code], [503, false, 'database_unavailable'])
    assert.ok(Number(headers.get('retry-after')) > 0)
    assert.ok(!/SQL|no such table|live_streams|assets/.test(text), text)
  }
  assert.deepEqual(await p.egresses(), [])
  assert.equal((await p.start('show')).status, 200)
})

test('/healthz is 503 and says that it is the database', async () => {
  const { status, body } = await without('pulse', () => stage.api('GET', '/healthz'))
  assert.deepEqual([status, body.ok, body.database], [503, false, 'unavailable'])
  assert.equal((await stage.api('GET', '/healthz')).status, 200)
})

test('a run of the schedule without a database harms nothing, and the next one works', async () => {
  const { streamId } = await p.host('show')
  // The host's coming would start it too, and work behind an answer would take the minute for the time to try again.
  await p.settled(1_500)
  await p.faults({ start: 'resource_exhausted', times: 1 })
  await p.start('show')
  await p.settled(1_500)
  await p.ages(60_000)
  await without('leases', () => stage.cron())
  assert.deepEqual(await p.egresses(), [])
  await stage.cron()
  await p.until(streamId, 'recording')
})

test('no line of the log tells a secret', () => p.tellsNoSecret())
