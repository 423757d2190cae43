// A real LiveKit server to which no recorder is connected: a start is not lost, says why it waits, and can be stopped.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { EgressClient } from 'livekit-server-sdk'
import { livekitKey } from '../e2e/harness/harness.mjs'
import { openBrowser } from './harness/browser.mjs'
import { missing, testWith } from './harness/needs.mjs'
import { startReal } from './harness/stage.mjs'

// Seen: both answer a start after 24 s, 503 "no response from servers"; the Worker waits 10 s. Without Redis the list of
// egresses is 500 "egress not connected (redis required)", so that the outcome of the first try stays unknown.
const servers = {
  'with Redis': { options: { redis: true }, needed: ['redis', 'chromium'], lists: true },
  'without Redis, so that none could connect': { options: {}, needed: ['chromium'], lists: false },
}

for (const [name, { options, needed, lists }] of Object.entries(servers)) {
  describe(`a server ${name}`, () => {
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

    testWith(needed, 'start: 202 and requested, with the reason; asked again by the schedule; stopped for good', async () => {
      const { streamId, server_url: url, participant_token: token } = await stage.p.token('talk', 'alice', { role: 'host' })
      await browser.join('host', url, token, { publish: true })
      await stage.p.until(streamId, ({ status }) => status === 'live')
      const asked = () => stage.calls.passed.filter(({ path }) => path.endsWith('/StartRoomCompositeEgress'))

      const { status, body } = await stage.p.start('talk')
      assert.deepEqual([status, body.success, body.egressId, body.filename], [202, true, '', ''], JSON.stringify(body))
      assert.match(body.status, /^(requested|starting)$/)
      assert.equal(asked().length, 1)
      const { recording } = await stage.p.stream(streamId)
      assert.match(recording.status, /^(requested|starting)$/)
      assert.match(recording.error, /no recorder|did not answer/)
      assert.match(recording.error, /asked again/)

      // A second click asks LiveKit nothing more while the first outcome is unknown.
      assert.equal((await stage.p.start('talk')).status, 202)
      assert.equal(asked().length, 1)

      await stage.p.cronAfter(100_000)
      await stage.p.cronAfter(60_000)
      const tries = lists ? 2 : 1
      assert.equal(asked().length, tries, 'asked again, once LiveKit’s list shows that nothing came of it')
      assert.match((await stage.p.stream(streamId)).recording.error, /no recorder|did not answer/)
      const keys = asked().map(({ body: text }) => JSON.parse(text).file_outputs[0].filepath)
      assert.equal(new Set(keys).size, tries, 'each attempt has a key of its own')

      const stopped = await stage.p.stop({ roomName: 'talk' })
      assert.deepEqual([stopped.status, stopped.body.success, stopped.body.stopped], [200, true, []])
      for (let run = 0; run < 3; run++) await stage.p.cronAfter(10 * 60_000)
      assert.equal(asked().length, tries, 'and not again')
      assert.notEqual((await stage.p.stream(streamId)).recording.status, 'requested')
      assert.deepEqual((await stage.p.recordings()).filter((one) => one.streamId === streamId), [])
    })

    testWith(needed, 'LiveKit’s own list agrees that nothing runs', async () => {
      const egress = new EgressClient(stage.direct, livekitKey.key, livekitKey.secret)
      const listed = await egress.listEgress().catch(({ message }) => message)
      if (lists) assert.deepEqual(listed, [])
      else assert.match(listed, /egress not connected/)
    })

    testWith(needed, 'no line of the log tells a secret', () => stage.p.tellsNoSecret())
  })
}

test('a storage key that is wrong is told before LiveKit is asked', async () => {
  const stage = await startReal({ vars: { STORJ_SECRET_ACCESS_KEY: 'another-secret-than-the-bucket-knows' }, emptyTimeout: 600 })
  try {
    await stage.p.token('talk', 'alice', { role: 'host' })
    await stage.p.admin.createRoom({ name: 'talk', emptyTimeout: 600 })
    const { status, body } = await stage.p.start('talk')
    assert.deepEqual([status, body.code], [502, 'storage_refused'])
    assert.ok(!stage.calls.passed.some(({ path }) => path.endsWith('/StartRoomCompositeEgress')))
  } finally {
    await stage.stop()
  }
})
