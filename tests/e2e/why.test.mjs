// …/why: what happened to a broadcast, by each witness's word, on the real runtime.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staged } from './harness/play.mjs'

staged('why', {}, (scene) => {
  const why = async (path) => {
    const answer = await scene.stage.api('GET', path, { user: 'alice' })
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(Object.keys(answer.body).sort(), ['events', 'issues', 'lastWebhookAt', 'next', 'nextAt', 'status', 'witnesses'])
    const times = answer.body.events.map(({ at }) => at)
    assert.deepEqual(times, [...times].sort())
    return answer.body
  }
  const found = ({ issues }) => issues.filter(({ found }) => found).map(({ issue }) => issue)

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
