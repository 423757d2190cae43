// LiveKit's own pictures, THUMBNAILS=livekit: one object beside each recording, written again while it records.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { waitFor } from './harness/harness.mjs'
import { staged } from './harness/play.mjs'

const minute = 60_000
const vars = { THUMBNAILS: 'livekit' }
const sample = readFileSync(path.join(import.meta.dirname, '../../devstack/assets/sample.jpg'))
const pictureOf = (key) => key.replace(/\.mp4$/, '.jpeg')

/** A broadcast of alice's that records: its stream, its egress as LiveKit has it, and its object's key. */
async function recorded(p, room, more = {}) {
  const { streamId } = await p.host(room, { record: true, ...more })
  const { recording } = await p.until(streamId, 'recording')
  const egress = (await p.egresses(room)).find(({ egress_id: id }) => id === recording.egressId)
  return { streamId, egressId: recording.egressId, request: egress.room_composite, key: egress.room_composite.file_outputs[0].filepath }
}

/** Every object whose key begins as that recording's does. */
const beside = async (p, key) => (await p.objects()).map((object) => object.key).filter((other) => other.startsWith(key.replace(/\.mp4$/, '')))
const isThere = (p, key) => waitFor(async () => (await p.objects()).some((object) => object.key === key))

async function behind(url) {
  const answer = await fetch(url)
  return { status: answer.status, type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) }
}

staged('a recording with a picture of LiveKit\'s', { vars }, (scene) => {
  test('is asked for it: one object under its own key, 640x360, every 30 s, with no expiry of its own', async () => {
    const { p } = scene
    Object.assign(scene, await recorded(p, 'shown'))
    const { request, key } = scene
    assert.equal(request.image_outputs.length, 1)
    const [{ s3, ...output }] = request.image_outputs
    assert.deepEqual(output, {
      capture_interval: 30,
      width: 640,
      height: 360,
      filename_prefix: key.replace(/\.mp4$/, ''),
      filename_suffix: 'IMAGE_SUFFIX_NONE_OVERWRITE',
      image_codec: 'IC_DEFAULT',
      disable_manifest: true,
    })
    assert.deepEqual([s3.bucket, s3.force_path_style], [request.file_outputs[0].s3.bucket, true])
    await isThere(p, pictureOf(key))
  })

  test('shows it when it is ready, everywhere', async () => {
    const { p, stage, egressId, key } = scene
    await p.stop({ egressId })
    const recording = await p.ready(egressId)
    assert.match(recording.thumbnailUrl, /\/api\/recordings\/[^/]+\/thumbnail\?v=\d+/)
    const shown = await behind(recording.thumbnailUrl)
    assert.deepEqual([shown.status, shown.type], [200, 'image/jpeg'])
    assert.ok(shown.bytes.equals(sample))
    assert.equal((await stage.api('GET', `/api/recordings/${recording.id}/playback`)).body.thumbnailUrl, recording.thumbnailUrl)
    await p.cronAfter(2 * 60 * minute)
    assert.deepEqual((await beside(p, key)).sort(), [pictureOf(key), key], 'and it stays')
    scene.recording = recording
  })

  test('gives way to one of its owner\'s', async () => {
    const { p, stage, recording, key } = scene
    const body = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(96, 1)])
    const put = await stage.api('PUT', `/api/recordings/${recording.id}/thumbnail`, { user: 'alice', body, headers: { 'content-type': 'image/jpeg' } })
    assert.equal(put.status, 200)
    await stage.cron()
    assert.deepEqual(await beside(p, key), [key], 'nothing shows LiveKit\'s any more')
    assert.ok((await behind(put.body.thumbnailUrl)).bytes.equals(body))
  })
})

staged('what becomes of a picture', { vars }, (scene) => {
  test('it is deleted with its recording', async () => {
    const { p, stage } = scene
    const { egressId, key } = await recorded(p, 'deleted')
    await isThere(p, pictureOf(key))
    await p.stop({ egressId })
    const { id } = await p.ready(egressId)
    assert.equal((await stage.api('DELETE', `/api/recordings/${id}`, { user: 'alice' })).status, 200)
    await stage.cron()
    assert.deepEqual(await beside(p, key), [])
  })

  test('where the stream has one already, that is shown and LiveKit\'s goes', async () => {
    const { p, stage } = scene
    const { streamId, egressId, key } = await recorded(p, 'has-one')
    const body = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(96, 2)])
    await stage.api('PUT', `/api/streams/${streamId}/thumbnail`, { user: 'alice', body, headers: { 'content-type': 'image/jpeg' } })
    await isThere(p, pictureOf(key))
    await p.stop({ egressId })
    const recording = await p.ready(egressId)
    assert.ok((await behind(recording.thumbnailUrl)).bytes.equals(body))
    await stage.cron()
    assert.deepEqual(await beside(p, key), [key])
  })

  test('a recording made of its segments shows it too', async () => {
    const { p, stage } = scene
    const { egressId, key } = await recorded(p, 'killed')
    await isThere(p, pictureOf(key))
    await stage.dev('/dev/recorder', { room: 'killed', leap_seconds: 12 })
    await waitFor(async () => (await beside(p, key)).some((other) => other.endsWith('s_00001.ts')))
    await stage.dev('/dev/recorder', { room: 'killed', kill: 'handler' })
    const recording = await p.ready(egressId)
    assert.equal(recording.format, 'segments')
    assert.ok((await behind(recording.thumbnailUrl)).bytes.equals(sample))
  })

  test('sound alone has none', async () => {
    const { p } = scene
    await p.host('heard')
    assert.equal((await p.start('heard', { audioOnly: true })).status, 200)
    const [{ room_composite: request }] = await p.egresses('heard')
    assert.deepEqual([request.audio_only, request.image_outputs], [true, []])
  })
})

// Without segments, of which a recording would be made.
staged('a job that left no recording', { vars: { ...vars, SAFETY_COPY: 'off' } }, (scene) => {
  test('leaves no picture', async () => {
    const { p, stage } = scene
    const { streamId, egressId, key } = await recorded(p, 'nothing')
    await isThere(p, pictureOf(key))
    await p.faults({ storage: [{ on: `PUT ${path.basename(key)}`, status: 403, code: 'AccessDenied' }] })
    await p.stop({ egressId })
    await p.until(streamId, 'failed')
    assert.deepEqual(await beside(p, key), [pictureOf(key)], 'not before it is sure')
    for (let run = 0; run < 4; run++) await p.cronAfter(6 * minute)
    assert.deepEqual(await stage.sql('SELECT file FROM egresses WHERE object_key = ?', key), [{ file: 'no' }])
    assert.deepEqual(await p.recordings(), [])
    assert.deepEqual(await beside(p, key), [])
  })
})

staged('a picture that the bucket refuses', { vars }, (scene) => {
  test('ends the recording at once; the next part goes without it and keeps its safety copy, and says so', async () => {
    const { p, stage } = scene
    await p.faults({ storage: [{ on: 'PUT .jpeg', status: 403, code: 'AccessDenied' }] })
    const { streamId } = await p.host('refused', { record: true })
    await waitFor(async () => (await p.egresses('refused')).some(({ status }) => status === 'EGRESS_FAILED'))
    await p.settled()
    await p.cronAfter(minute)
    const { recording } = await p.until(streamId, 'recording')
    assert.match(recording.error, /without a picture/)
    const next = (await p.egresses('refused')).find((egress) => egress.egress_id === recording.egressId).room_composite
    assert.deepEqual([next.image_outputs.length, next.segment_outputs.length], [0, 1])
    await p.stop({ egressId: recording.egressId })
    assert.equal((await p.ready(recording.egressId)).thumbnailUrl, null)
    assert.equal((await stage.sql('SELECT count(*) AS n FROM thumbnails'))[0].n, 0)
  })
})

const writer = { key: 'writeonly', secret: 'writesecretwritesecretwritesecret' }
staged(
  'a key that may only add',
  {
    vars: { ...vars, SAFETY_COPY: 'off', STORJ_EGRESS_ACCESS_KEY_ID: writer.key, STORJ_EGRESS_SECRET_ACCESS_KEY: writer.secret },
    devstackArgs: ['--write-only-key', `${writer.key}:${writer.secret}`],
    secrets: [writer.secret],
  },
  (scene) => {
    test('is not asked for a picture: the second one would end the recording', async () => {
      const { p, stage } = scene
      const { egressId, request } = await recorded(p, 'only-adds')
      assert.deepEqual(request.image_outputs, [])
      assert.deepEqual(await stage.sql('SELECT overwrites FROM storage_proofs'), [{ overwrites: 0 }])
      await p.stop({ egressId })
      assert.equal((await p.ready(egressId)).thumbnailUrl, null)
    })
  },
)

staged('THUMBNAILS left out', {}, (scene) => {
  test('asks LiveKit for none', async () => {
    const { request } = await recorded(scene.p, 'off')
    assert.deepEqual(request.image_outputs, [])
  })
})
