// …/why: what happened to a broadcast, by each witness's word, on the real runtime.

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { waitFor } from './harness/harness.mjs'
import { staged } from './harness/play.mjs'
import { atLiveKit, mp4Alone, recorded } from './harness/truth.mjs'

const minute = 60_000

async function whyOf({ stage }, path) {
  const answer = await stage.api('GET', path, { user: 'alice' })
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(Object.keys(answer.body).sort(), ['events', 'issues', 'lastWebhookAt', 'next', 'nextAt', 'status', 'witnesses'])
  const times = answer.body.events.map(({ at }) => at)
  assert.deepEqual(times, [...times].sort())
  return answer.body
}
const found = ({ issues }) => issues.filter(({ found }) => found).map(({ issue }) => issue)

staged('why', {}, (scene) => {
  const why = (path) => whyOf(scene, path)

  test('a broadcast that went well tells its story and finds nothing wrong', async () => {
    const { p, stage } = scene
    const { streamId } = await p.host('told', { record: true })
    const { recording } = await p.until(streamId, 'recording')
    await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    const { id } = await p.ready(recording.egressId)
    await p.settled()
    for (const path of [`/api/streams/${streamId}/why`, `/api/recordings/${id}/why`]) {
      const story = await why(path)
      const told = story.events.map(({ what }) => what)
      for (const what of ['LiveKit was asked to record', 'the first frame', 'the job ended: complete', 'the recording was made', 'egress_ended']) {
        assert.ok(told.includes(what), `${path}: ${what} in ${told}`)
      }
      assert.deepEqual(found(story), [], path)
      assert.ok(story.witnesses.webhook && story.lastWebhookAt)
    }
  })

  test('a recording that does not start says why, and what comes next and when', async () => {
    const { p } = scene
    const { streamId } = await p.host('waiting', { record: true, publish: false })
    const story = await why(`/api/streams/${streamId}/why`)
    assert.deepEqual(found(story).filter((name) => name !== 'webhook_not_firing'), ['recording_not_starting'])
    assert.match(story.issues[0].answer, /host publishes/)
    assert.ok(story.next && Date.parse(story.nextAt) > Date.now() - 60_000, JSON.stringify(story))
  })
})

staged('why: the guide’s common issues', { vars: mp4Alone }, (scene) => {
  beforeEach(() => scene.stage.reset())

  /** The issue that alone is found, with its answer; the others have none. */
  const onlyIssue = (story, issue) => {
    assert.deepEqual(found(story), [issue], JSON.stringify(story))
    for (const one of story.issues) assert.equal(one.answer === null, one.issue !== issue, JSON.stringify(one))
    return story.issues.find((one) => one.issue === issue).answer
  }

  test('recording_file_not_found: LiveKit says it is complete, and the object is gone before it was seen', async () => {
    const { p, stage } = scene
    const { streamId, egressId, key } = await recorded(p)
    // Storj does not answer the Worker until the object is gone.
    const unseen = ['HEAD .mp4', 'GET .mp4'].map((on) => ({ on, status: 503 }))
    await p.faults({ storage: unseen })
    await p.stop({ egressId })
    await atLiveKit(p, egressId, 'EGRESS_COMPLETE')
    await p.until(streamId, 'complete')
    await p.settled()
    const { id } = await waitFor(async () => (await p.recordings())[0])
    const path = `/api/recordings/${id}/why`
    const before = await whyOf(scene, path)
    assert.deepEqual([before.status, found(before)], ['processing', []], 'no answer is no answer')
    assert.equal(before.next, 'Storj is asked for the file')
    await stage.dev('/dev/s3', { remove: key })
    await p.settled()
    await p.faults({ reset: true })
    for (const wait of [2 * minute, 6 * minute, 20 * minute]) await p.cronAfter(wait)
    for (const of of [path, `/api/streams/${streamId}/why`]) {
      const story = await whyOf(scene, of)
      assert.match(onlyIssue(story, 'recording_file_not_found'), /bucket does not have it, confirmed twice over: it was deleted there, or Storj let it expire/)
      assert.ok(story.events.some(({ by, what }) => by === 'webhook' && what === 'egress_ended'), 'LiveKit did its part')
    }
    const { status, next, nextAt, witnesses } = await whyOf(scene, path)
    assert.deepEqual([status, next, nextAt], ['missing', null, null], 'nothing more comes of it')
    assert.deepEqual([witnesses.storj.what, witnesses.storj.detail], ['the file was looked for', 'missing'])
  })

  test('recording_file_not_found: the recorder died, and no file ever came', async () => {
    const { p, stage } = scene
    const { streamId, egressId } = await recorded(p)
    await stage.dev('/dev/recorder', { egress_id: egressId, kill: 'handler' })
    await p.settled()
    // Nothing is to be recorded in its place.
    await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    const story = await waitFor(async () => {
      await p.cronAfter(6 * minute)
      const story = await whyOf(scene, `/api/streams/${streamId}/why`)
      return found(story).length > 0 && story
    }, 30_000)
    assert.match(onlyIssue(story, 'recording_file_not_found'), /recorder failed and left no file.*`events`/)
    const { by, detail } = story.events.find(({ what }) => what === 'the job ended: failed')
    assert.equal(by, 'LiveKit')
    assert.ok(detail, 'and `events` has it')
  })

  test('webhook_not_firing: no word came of a recording, and LiveKit’s lists told all of it', async () => {
    const { p, stage } = scene
    await p.faults({ webhooks: [{ lose: true }] })
    const { streamId } = await p.host('unheard', { record: true })
    await p.settled()
    for (let n = 0; n < 2; n++) await p.cronAfter(minute)
    const { recording } = await p.until(streamId, ({ recording }) => recording.egressId)
    await atLiveKit(p, recording.egressId, 'EGRESS_ACTIVE')
    await p.cronAfter(minute)
    await p.stop({ egressId: recording.egressId })
    await atLiveKit(p, recording.egressId, 'EGRESS_COMPLETE')
    await p.settled()
    await p.cronAfter(6 * minute)
    const { id } = await p.ready(recording.egressId)
    const told = /no webhook came of this one.*\/livekit-webhook, signed with the key that LIVEKIT_API_KEY names.*lists tell, some minutes later/
    for (const path of [`/api/recordings/${id}/why`, `/api/streams/${streamId}/why`]) {
      const story = await whyOf(scene, path)
      assert.match(onlyIssue(story, 'webhook_not_firing'), told)
      assert.deepEqual([story.witnesses.webhook, story.lastWebhookAt], [null, null])
      assert.equal(story.witnesses.livekitList.by, 'LiveKit\'s list')
    }
    // That those of another room come does not make it less true of this one, whose recorder is seen to leave only now.
    await p.faults({ webhooks: [{ on: 'participant_left', lose: true }] })
    const heard = await p.host('heard')
    await p.until(heard.streamId, ({ status }) => status === 'live')
    const story = await whyOf(scene, `/api/recordings/${id}/why`)
    assert.match(onlyIssue(story, 'webhook_not_firing'), told)
    assert.equal(story.witnesses.webhook, null)
    assert.ok(story.lastWebhookAt)
  })
})
