// Rooms that LiveKit has and another backend made: who may record them, and what becomes of that.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staged } from './harness/play.mjs'

staged('by default', {}, (scene) => {
  test('who publishes there may not record it: 404, as if it were not there', async () => {
    await scene.p.stranger('theirs', 'alice', { publish: true })
    const { status, body } = await scene.p.start('theirs')
    assert.deepEqual([status, body.code], [404, 'room_not_found'])
    assert.match(body.hint, /RECORD_FOREIGN_ROOMS/)
    assert.deepEqual(await scene.p.egresses(), [])
    assert.deepEqual(await scene.stage.sql('SELECT id FROM live_streams'), [])
  })

  test('nobody gets a token for it, and its name is taken', async () => {
    const { stage } = scene
    const host = await stage.api('POST', '/livekit-token', { user: 'alice', body: { roomName: 'theirs', role: 'host' } })
    assert.deepEqual([host.status, host.body.code], [409, 'room_taken'])
    const viewer = await stage.api('POST', '/livekit-token', { user: 'alice', body: { roomName: 'theirs' } })
    assert.deepEqual([viewer.status, viewer.body.code], [404, 'room_not_found'])
  })

  test('an admin may: a private stream of the admin’s, under the id that was given', async () => {
    const { p, stage } = scene
    const { status, body } = await p.start('theirs', { user: 'root', admin: true, streamId: 'their-show_1' })
    assert.equal(status, 200)
    assert.equal(body.streamId, 'their-show_1')
    assert.match(body.filename, /^livekit-recordings\/root\/theirs_\d{13}\.mp4$/)
    const stream = await p.until('their-show_1', 'recording', 'root')
    assert.deepEqual([stream.visibility, stream.ownerId, stream.status], ['private', 'root', 'live'])
    assert.equal((await stage.api('GET', '/api/streams/their-show_1', { user: 'alice' })).status, 404)
    const again = await p.start('theirs', { user: 'root', admin: true })
    assert.deepEqual([again.body.egressId, again.body.streamId], [body.egressId, body.streamId])
  })

  test('recording it does not make its name ours', async () => {
    for (const user of ['alice', 'root']) {
      const { status } = await scene.stage.api('POST', '/livekit-token', { user, body: { roomName: 'theirs', role: 'host' } })
      assert.equal(status, 409, user)
    }
    const viewer = await scene.stage.api('POST', '/livekit-token', { user: 'root', body: { roomName: 'theirs' } })
    assert.equal(viewer.status, 404)
  })

  test('when the room closes the recording is the admin’s, private, and the stream has ended', async () => {
    const { p } = scene
    const [{ egress_id: egressId }] = await p.egresses('theirs')
    await p.admin.deleteRoom('theirs')
    const recording = await p.ready(egressId, 'root')
    assert.deepEqual([recording.visibility, recording.ownerId, recording.streamId], ['private', 'root', 'their-show_1'])
    await p.until('their-show_1', (stream) => stream.status === 'ended', 'root')
    assert.deepEqual(await p.recordings('alice'), [])
  })

  test('the next life of that room is a new stream', async () => {
    const { p } = scene
    await p.stranger('theirs', 'carol', { publish: true })
    const { status, body } = await p.start('theirs', { user: 'root', admin: true })
    assert.equal(status, 200)
    assert.notEqual(body.streamId, 'their-show_1')
    await p.until(body.streamId, 'recording', 'root')
    assert.equal((await p.stream('their-show_1', 'root')).status, 'ended')
  })
})

staged('RECORD_FOREIGN_ROOMS=publisher', { vars: { RECORD_FOREIGN_ROOMS: 'publisher' } }, (scene) => {
  test('who publishes there may record it, in a private stream of their own', async () => {
    const { p } = scene
    await p.stranger('theirs', 'alice', { publish: true })
    await p.settled() // Nobody tells again that she publishes.
    const { status, body } = await p.start('theirs')
    assert.equal(status, 200)
    const stream = await p.until(body.streamId, 'recording')
    assert.deepEqual([stream.visibility, stream.ownerId, stream.roomName], ['private', 'alice', 'theirs'])
    assert.equal(stream.status, 'live')
    assert.match(body.filename, /^livekit-recordings\/alice\//)
    assert.equal((await p.egresses('theirs')).length, 1)
  })

  test('who is not there, only watches, hides or is a machine may not: the 404 of what was never there', async () => {
    const { p } = scene
    await p.stranger('others', 'publisher', { publish: true })
    await p.stranger('others', 'watcher')
    await p.stranger('others', 'hider', { publish: true, hidden: true })
    await p.stranger('others', 'machine', { publish: true, kind: 'agent' })
    const never = (await p.start('never-there', { user: 'nobody' })).body
    for (const user of ['nobody', 'watcher', 'hider', 'machine']) {
      const { status, body } = await p.start('others', { user })
      assert.equal(status, 404, user)
      assert.deepEqual({ ...body, requestId: '' }, { ...never, requestId: '' })
    }
    assert.deepEqual(await p.egresses('others'), [])
  })

  test('who does not publish does not stop what another records there', async () => {
    const { p } = scene
    const { status } = await p.stop({ roomName: 'theirs' }, 'mallory')
    assert.equal(status, 404)
    const [{ egress_id: egressId }] = await p.egresses('theirs')
    assert.equal((await p.stop({ egressId }, 'mallory')).status, 404)
    assert.equal((await p.stop({ egressId })).status, 200)
    assert.equal((await p.ready(egressId)).visibility, 'private')
  })

  test('two who publish there at once: one egress, one stream', async () => {
    const { p, stage } = scene
    await p.stranger('duo', 'ann', { publish: true })
    await p.stranger('duo', 'ben', { publish: true })
    const answers = await Promise.all([p.start('duo', { user: 'ann' }), p.start('duo', { user: 'ben' })])
    assert.ok(answers.some(({ status }) => status === 200))
    assert.equal((await p.egresses('duo')).length, 1)
    assert.equal((await stage.sql("SELECT count(*) AS n FROM live_streams WHERE room_name = 'duo'"))[0].n, 1)
  })
})
