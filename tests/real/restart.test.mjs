// The real server dies and comes back in the middle of a broadcast. While it is away nothing is concluded; what it knows
// when it is back decides, and an empty list only when it was seen twice.

import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { openBrowser } from './harness/browser.mjs'
import { missing, testWith } from './harness/needs.mjs'
import { startReal } from './harness/stage.mjs'

const servers = {
  'forgets its rooms': { options: {}, needed: ['chromium'] },
  'keeps its rooms in Redis': { options: { redis: true }, needed: ['chromium', 'redis'] },
}

for (const [name, { options, needed }] of Object.entries(servers)) {
  describe(`a server that ${name}`, () => {
    let stage
    let browser
    before(async () => {
      if (missing(...needed)) return
      stage = await startReal(options)
      browser = await openBrowser()
    })
    after(async () => {
      await browser?.close()
      await stage?.stop()
    })

    const until = (id, look, ms) => waitFor(async () => look(await stage.p.stream(id)), ms)

    async function broadcast(room) {
      const host = await stage.p.token(room, 'alice', { role: 'host' })
      const { room: sid } = await browser.join(`${room} host`, host.server_url, host.participant_token, { publish: true })
      const viewer = await stage.p.token(room, 'bob')
      await browser.join(`${room} viewer`, viewer.server_url, viewer.participant_token)
      await until(host.streamId, ({ status, viewerCount }) => status === 'live' && viewerCount === 1)
      return { streamId: host.streamId, sid }
    }

    testWith(needed, 'everybody connects again: the same broadcast goes on, and nobody is counted twice', async () => {
      const { streamId, sid } = await broadcast('goes-on')
      await stage.killServer()
      for (let run = 0; run < 3; run++) await stage.p.cronAfter(10 * 60_000)
      const away = await stage.p.stream(streamId)
      assert.deepEqual([away.status, away.viewerCount, away.endedAt], ['live', 1, null], 'nothing is concluded while it is away')
      const { status, body } = await stage.p.start('goes-on')
      assert.deepEqual([status, body.egressId], [202, ''], JSON.stringify(body))
      assert.equal((await stage.p.stop({ roomName: 'goes-on' })).status, 200)

      await stage.startServer()
      const back = async (who) => (await browser.seen(who)).state === 'connected' && (await browser.seen(who)).people.length === 1
      await waitFor(async () => (await back('goes-on host')) && back('goes-on viewer'), 60_000)
      const { room: now } = await browser.seen('goes-on host')
      await until(streamId, ({ status }) => status === 'live')
      await stage.p.settled()
      // Nobody tells that the connections of before are gone; LiveKit's list shows it.
      await stage.p.cronAfter(10 * 60_000)
      const stream = await until(streamId, (one) => one.status === 'live' && one.viewerCount === 1 && one)
      assert.deepEqual([stream.uniqueViewers, stream.endedAt], [1, null])
      const sessions = await stage.sql('SELECT sid, ended_at IS NOT NULL AS over FROM sessions WHERE stream_id = ? ORDER BY started_at', streamId)
      const expected = now === sid ? [{ sid, over: 0 }] : [{ sid, over: 1 }, { sid: now, over: 0 }]
      assert.deepEqual(sessions, expected)
      await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
      await waitFor(async () => (await browser.seen('goes-on viewer')).ended === 'ROOM_DELETED')
    })

    /** The server is away, and everybody goes; LiveKit's webhooks never tell. */
    async function lastsWithoutPeople(room) {
      const { streamId } = await broadcast(room)
      await stage.killServer()
      await browser.close()
      browser = await openBrowser()
      await stage.startServer()
      await stage.p.cronAfter(10 * 60_000)
      await stage.p.cronAfter(30_000)
      assert.equal((await stage.p.stream(streamId)).endedAt, null, 'one look proves nothing')
      await stage.p.cronAfter(3 * 60_000)
      await stage.p.cronAfter(3 * 60_000)
      return streamId
    }

    if (!options.redis) {
      testWith(needed, 'everybody went meanwhile: the broadcast is over when that was seen twice, minutes apart', async () => {
        const { status, viewerCount } = await stage.p.stream(await lastsWithoutPeople('went'))
        assert.deepEqual([status, viewerCount], ['ended', 0])
      })
    } else {
      // Seen: its lists call everybody present who was there when it died, until somebody opens or closes the room.
      testWith(needed, 'everybody went meanwhile: LiveKit calls them present for ever, and the owner’s end ends it', async () => {
        const streamId = await lastsWithoutPeople('ghosts')
        const people = await stage.p.admin.listParticipants('ghosts')
        assert.deepEqual(people.map(({ identity }) => identity.split('~')[0]).sort(), ['alice', 'bob'])
        const { status, viewerCount } = await stage.p.stream(streamId)
        assert.deepEqual([status, viewerCount], ['live', 1], 'what LiveKit says is what is told')
        assert.equal((await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })).status, 200)
        await until(streamId, (stream) => stream.status === 'ended' && stream.viewerCount === 0)
      })
    }

    testWith(needed, 'no line of the log tells a secret', () => stage.p.tellsNoSecret())
  })
}
