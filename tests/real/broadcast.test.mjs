// Broadcasts of real people: LiveKit's own client in Chromium, the real server, its real webhooks.

import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { openBrowser } from './harness/browser.mjs'
import { missing, testWith } from './harness/needs.mjs'
import { startReal } from './harness/stage.mjs'

const CHROMIUM = ['chromium']
let stage
let browser
before(async () => {
  if (missing(...CHROMIUM)) return
  stage = await startReal()
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await stage?.stop()
})

const counts = ({ viewerCount, peakViewers, uniqueViewers }) => [viewerCount, peakViewers, uniqueViewers]
/** Waits for viewers present, at most present, and different; and for a status, if one is named. */
const until = (id, wanted, status, ms = 10_000) =>
  waitFor(async () => {
    const stream = await stage.p.stream(id)
    return counts(stream).join() === wanted.join() && (!status || stream.status === status) && stream
  }, ms)

/** Somebody comes with the Worker's token, in any browser. */
async function come(room, user, { role, publish = false, as = user, on = browser, ...settings } = {}) {
  const { server_url: url, participant_token: token, streamId } = await stage.p.token(room, user, { role, ...settings })
  return { streamId, ...(await on.join(as, url, token, { publish })) }
}

testWith(CHROMIUM, 'a broadcast: live when the host publishes, viewers up and down, over when its owner ends it', async () => {
  const room = 'evening'
  const { streamId, room: sid } = await come(room, 'alice', { role: 'host', as: 'host' })
  await waitFor(async () => (await stage.sql('SELECT sid FROM sessions WHERE sid = ?', sid)).length === 1)
  assert.equal((await stage.p.stream(streamId)).status, 'created', 'a room alone is no broadcast')
  await browser.publish('host')
  await until(streamId, [0, 0, 0], 'live')

  const bob = await come(room, 'bob', { as: 'bob' })
  assert.match(bob.identity, /^bob~[a-z]{8}$/)
  await until(streamId, [1, 1, 1], 'live')
  await come(room, 'carol', { as: 'carol' })
  await until(streamId, [2, 2, 2], 'live')
  const pictures = () => browser.seen('bob').then(({ pictures: [frames] }) => frames)
  const first = await waitFor(async () => (await pictures()) > 3 && pictures())
  await waitFor(async () => (await pictures()) > first)

  await browser.leave('bob')
  await until(streamId, [1, 2, 2], 'live')
  await come(room, 'bob', { as: 'bob in another tab' })
  await until(streamId, [2, 2, 2], 'live')

  assert.equal((await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })).status, 200)
  const ended = await until(streamId, [0, 2, 2], 'ended')
  assert.ok(ended.startedAt < ended.endedAt)
  await waitFor(async () => (await browser.seen('carol')).ended === 'ROOM_DELETED')

  // All that LiveKit told about it was taken in, once.
  await waitFor(() => stage.events().some(({ event, room: about }) => event === 'room_finished' && about.name === room))
  await stage.p.settled()
  const events = stage.events().filter(({ room: about }) => about?.name === room)
  for (const { event, status } of events) assert.equal(status, 200, event)
  const names = events.map(({ event, participant }) => `${event} ${participant?.identity.split('~')[0] ?? ''}`.trim())
  const order = ['room_started', 'participant_joined alice', 'track_published alice', 'track_published alice', 'participant_joined bob', 'participant_joined carol']
  assert.deepEqual(names.slice(0, 6), order)
  assert.equal(names.filter((name) => name === 'participant_left bob').length, 2)
  assert.equal(names.at(-1), 'room_finished')
  const filed = await stage.sql('SELECT id FROM webhook_events')
  for (const { id, event } of events) assert.ok(filed.some((row) => row.id === id), event)
})

testWith(CHROMIUM, 'the token’s rights hold: viewers publish nothing, say nothing and rename themselves nothing', async () => {
  const room = 'rights'
  await come(room, 'alice', { role: 'host', publish: true, as: 'the host' })
  await come(room, 'bob', { as: 'a viewer' })
  await assert.rejects(browser.publish('a viewer'), /permission|publish/i)
  await assert.rejects(browser.setAttributes('a viewer', { role: 'host' }), /permission|own|metadata|allowed|timed? ?out|not/i)
  await browser.say('a viewer', 'a viewer speaks').catch(() => {})
  await browser.say('the host', 'the host speaks')
  await waitFor(async () => (await browser.seen('a viewer')).heard.includes('the host speaks'))
  const { heard, people } = await waitFor(async () => {
    const seen = await browser.seen('the host')
    return seen.people.length > 0 && seen
  })
  assert.deepEqual(heard, [], 'and the host has heard nothing')
  assert.deepEqual(people.map(({ identity, attributes }) => [identity.split('~')[0], attributes.role]), [['bob', 'viewer']])
  const { people: seen } = await browser.seen('a viewer')
  assert.deepEqual(seen.map(({ identity, attributes }) => [identity, attributes.role]), [['alice', 'host']])
  const tracks = stage.events().filter(({ event, room: about }) => event === 'track_published' && about.name === room)
  assert.ok(tracks.every(({ participant }) => participant.identity === 'alice'))
})

testWith(CHROMIUM, 'everybody leaves: LiveKit closes the room, and the stream ends by itself', async () => {
  const { streamId } = await come('short', 'alice', { role: 'host', publish: true, as: 'short host' })
  await come('short', 'bob', { as: 'short viewer' })
  await until(streamId, [1, 1, 1], 'live')
  await browser.leave('short host')
  await until(streamId, [1, 1, 1], 'created')
  await browser.leave('short viewer')
  const { endedAt } = await until(streamId, [0, 1, 1], 'ended')
  assert.ok(Math.abs(Date.parse(endedAt) - Date.now()) < 10_000)
})

testWith(CHROMIUM, 'the host comes back within minutes: the same stream goes on, in a new room', async () => {
  const first = await come('again', 'alice', { role: 'host', publish: true, as: 'again 1' })
  await until(first.streamId, [0, 0, 0], 'live')
  await browser.leave('again 1')
  await until(first.streamId, [0, 0, 0], 'ended')
  const second = await come('again', 'alice', { role: 'host', publish: true, as: 'again 2' })
  assert.equal(second.streamId, first.streamId)
  assert.notEqual(second.room, first.room)
  await until(first.streamId, [0, 0, 0], 'live')
  await browser.leave('again 2')
})

testWith(CHROMIUM, 'webhooks that are refused come again with the same id, and what is lost for good the schedule finds', async () => {
  const room = 'trouble'
  const { streamId } = await come(room, 'alice', { role: 'host', publish: true, as: 'trouble host' })
  await until(streamId, [0, 0, 0], 'live')

  // The first try of each is answered 503.
  const tried = new Set()
  stage.hooks.fault = ({ body }) => {
    const { id } = JSON.parse(body)
    return tried.has(id) ? null : tried.add(id) && { status: 503, body: 'down' }
  }
  await come(room, 'bob', { as: 'trouble bob' })
  await until(streamId, [1, 1, 1], 'live')
  const came = stage.events().find(({ id, event, participant }) => tried.has(id) && event === 'participant_joined' && participant.identity.startsWith('bob~'))
  const tries = stage.hooks.passed.filter(({ body }) => JSON.parse(body).id === came.id)
  assert.deepEqual(tries.map(({ status }) => status), [503, 200])
  assert.equal(tries[0].body.toString(), tries[1].body.toString())
  assert.equal(tries[0].headers.authorization, tries[1].headers.authorization)

  // A 4xx is never sent again: one viewer comes and one goes, and nobody tells.
  stage.hooks.fault = () => ({ status: 400 })
  await come(room, 'carol', { as: 'trouble carol' })
  await browser.leave('trouble bob')
  const lost = (event, who) => stage.events().some((one) => one.event === event && one.participant.identity.startsWith(who) && one.status === 400)
  await waitFor(() => lost('participant_joined', 'carol') && lost('participant_left', 'bob'))
  stage.hooks.fault = null
  await stage.p.settled()
  assert.deepEqual(counts(await stage.p.stream(streamId)), [1, 1, 1])
  await stage.p.cronAfter(10 * 60_000)
  await until(streamId, [1, 1, 2], 'live')
  await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
})

testWith(CHROMIUM, 'a browser that is killed is counted out when LiveKit gives it up', async () => {
  const { streamId } = await come('killed', 'alice', { role: 'host', publish: true, as: 'killed host' })
  const other = await openBrowser()
  try {
    await come('killed', 'bob', { as: 'bob', on: other })
    await until(streamId, [1, 1, 1], 'live')
    await other.kill()
  } finally {
    await other.close()
  }
  // Seen: 20.5 s.
  await until(streamId, [0, 1, 1], 'live', 45_000)
  const left = stage.events().findLast(({ event, participant }) => event === 'participant_left' && participant.identity.startsWith('bob~'))
  assert.match(left.participant.disconnectReason, /^[A-Z_]+$/)
  await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
})

testWith(CHROMIUM, 'no line of the log tells a secret', () => stage.p.tellsNoSecret())
