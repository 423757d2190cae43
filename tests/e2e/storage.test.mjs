// The bucket: proved before anything starts, written with the narrow key, read with ours, expiring where asked.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writerKey } from '../../scripts/parts/dev-vars.mjs'
import { storjKey, waitFor } from './harness/harness.mjs'
import { staged } from './harness/play.mjs'

const writer = { key: 'writeonly', secret: 'writesecretwritesecretwritesecret' }
const withWriter = ['--write-only-key', `${writer.key}:${writer.secret}`]
const egressKey = ({ key, secret }) => ({ STORJ_EGRESS_ACCESS_KEY_ID: key, STORJ_EGRESS_SECRET_ACCESS_KEY: secret })

const refusals = {
  'a wrong secret': { vars: egressKey({ ...writer, secret: 'another-secret' }), devstackArgs: withWriter, names: /STORJ_EGRESS_ACCESS_KEY_ID/ },
  'a key that the bucket does not know': { vars: egressKey({ key: 'nobodys', secret: 'secret' }), names: /STORJ_EGRESS_ACCESS_KEY_ID/ },
  'a bucket that is not there': { vars: { STORJ_BUCKET: 'no-such-bucket' }, names: /STORJ_BUCKET/ },
}
for (const [name, { names, ...options }] of Object.entries(refusals)) {
  staged(`LiveKit would get ${name}`, { ...options, secrets: [writer.secret, 'another-secret'] }, (scene) => {
    test('a start is 502 with the remedy, and nothing was started', async () => {
      const { p } = scene
      scene.streamId = (await p.host('talk')).streamId
      const { status, body, text } = await p.start('talk')
      assert.deepEqual([status, body.code], [502, 'storage_refused'])
      assert.match(body.hint, names)
      assert.ok(!text.includes(storjKey.secret) && !text.includes('another-secret'))
      assert.deepEqual(await p.egresses(), [])
      assert.deepEqual(await scene.stage.sql('SELECT id FROM egresses'), [])
    })

    test('the owner reads the remedy on the stream, others a code', async () => {
      const stream = await scene.p.stream(scene.streamId)
      assert.equal(stream.recording.status, 'none')
      assert.match(stream.recording.error, /STORJ_BUCKET/)
      const { body } = await scene.stage.api('GET', `/api/streams/${scene.streamId}`)
      assert.equal(body.recording.error, 'storage_refused')
    })

    test('what should start by itself is not started either, and says why', async () => {
      const { p } = scene
      const { streamId } = await p.host('by-itself', { record: true })
      const stream = await p.until(streamId, ({ recording }) => recording.error)
      assert.equal(stream.recording.status, 'requested')
      await p.cronAfter(60_000)
      assert.deepEqual(await p.egresses(), [])
    })
  })
}

staged('a write-only key and an expiry', { vars: { ...egressKey(writer), STORJ_OBJECT_TTL: '720h' }, devstackArgs: withWriter, secrets: [writer.secret] }, (scene) => {
  const probes = async (p) => (await p.look('/dev/s3')).objects.filter(({ key }) => key.startsWith('livekit-recordings/_probe/'))
  const hours720 = 720 * 3_600_000

  test('LiveKit records with the narrow key, and the link that plays is signed with ours', async () => {
    const { p, stage } = scene
    const { streamId } = await p.host('talk', { record: true })
    await p.until(streamId, 'recording')
    const [egress] = await p.egresses()
    await p.stop({ egressId: egress.egress_id })
    scene.recording = await p.ready(egress.egress_id)
    const { body } = await stage.api('GET', `/api/recordings/${scene.recording.id}/playback`, { user: 'alice' })
    const url = new URL(body.url)
    assert.match(url.searchParams.get('X-Amz-Credential'), new RegExp(`^${storjKey.key}/`))
    const played = await fetch(url)
    assert.equal(played.status, 200)
    assert.equal((await played.arrayBuffer()).byteLength, scene.recording.sizeBytes)
    assert.ok(Date.parse(body.expiresAt) <= Date.parse(scene.recording.expiresAt))
    scene.probes = await probes(p)
  })

  test('STORJ_OBJECT_TTL goes with the object, and the recording tells the same time', async () => {
    const [object] = await scene.p.objects()
    assert.equal(object.key, scene.recording.filename)
    assert.equal(object.metadata['object-expires'], '+720h')
    const expires = Date.parse(scene.recording.expiresAt)
    assert.ok(Math.abs(expires - Date.parse(scene.recording.endedAt) - hours720) < 1_000)
    assert.ok(Math.abs(expires - object.expires_at_ms) < 5_000, `${expires} ${object.expires_at_ms}`)
  })

  test('with saveToStorj there is no expiry: saved from the start', async () => {
    const { p } = scene
    const { streamId } = await p.host('kept', { record: true, saveToStorj: true })
    const { recording } = await p.until(streamId, 'recording')
    await p.stop({ roomName: 'kept' })
    const kept = await p.ready(recording.egressId)
    assert.deepEqual([kept.saved, kept.expiresAt], [true, null])
    const object = (await p.objects()).find(({ key }) => key === kept.filename)
    assert.deepEqual([object.metadata['object-expires'], object.expires_at_ms], [undefined, null])
    assert.equal(scene.recording.saved, false)
  })

  test('the proof holds for the second one too, and the probe expires by itself', async () => {
    const all = await probes(scene.p)
    assert.deepEqual(all, scene.probes)
    assert.notEqual(all.length, 0)
    for (const { expires_at_ms: at } of all) assert.ok(at > Date.now() && at < Date.now() + 2 * 3_600_000)
  })

  test('the expired link is gone with the recording: 410, in words', async () => {
    const { p, stage } = scene
    await p.ages(hours720 + 60_000)
    const { status, body } = await stage.api('GET', `/api/recordings/${scene.recording.id}/playback`, { user: 'alice' })
    assert.deepEqual([status, body.code], [410, 'recording_missing'])
  })
})

// As `npm run dev` hands it to the devstack, from such a .dev.vars.
const narrow = { key: 'narrow', secret: 'narrowsecretnarrowsecret' }
staged('a key that may write and delete, not read', { vars: egressKey(narrow), devstackArgs: writerKey(egressKey(narrow)), secrets: [narrow.secret] }, (scene) => {
  const segments = async (room) => (await scene.p.objects()).filter(({ key }) => key.includes(`/${room}_`) && key.endsWith('.ts'))
  /** Records with a safety copy, of which there are three segments. */
  async function recorded(room) {
    const { p, stage } = scene
    const { streamId } = await p.host(room, { record: true })
    const { recording } = await p.until(streamId, 'recording')
    await stage.dev('/dev/recorder', { room, leap_seconds: 18 })
    await waitFor(async () => (await segments(room)).length >= 3)
    return recording.egressId
  }

  test('is all that LiveKit needs for an MP4 and its safety copy', async () => {
    const { p, stage } = scene
    // Proved before the start; what LiveKit then writes it writes with this key alone.
    await p.faults({ storage: [{ on: `PUT /livekit-recordings/ by ${storjKey.key}`, status: 403 }] })
    const egressId = await recorded('talk')
    assert.deepEqual(await stage.sql('SELECT overwrites, refused FROM storage_proofs'), [{ overwrites: 1, refused: null }])
    await p.stop({ egressId })
    const { id, format, partial } = await p.ready(egressId)
    assert.deepEqual([format, partial], ['mp4', false])
    const { body } = await stage.api('GET', `/api/recordings/${id}/playback`, { user: 'alice' })
    assert.equal((await fetch(body.url)).status, 200)
  })

  test('is enough for the recording that is made of the safety copy when the recorder is killed', async () => {
    const { p, stage } = scene
    const egressId = await recorded('killed')
    await stage.dev('/dev/recorder', { room: 'killed', kill: 'handler' })
    const recording = await waitFor(async () => (await p.recordings()).find((r) => r.egressId === egressId && r.status === 'ready'))
    assert.deepEqual([recording.format, recording.partial], ['segments', true])
    const sizes = (await segments('killed')).map(({ size }) => size)
    assert.equal(recording.sizeBytes, sizes.reduce((sum, size) => sum + size, 0))
  })
})

test('`npm run dev` gives the devstack a second key only where there is a whole one', () => {
  const vars = egressKey(narrow)
  assert.deepEqual(writerKey(vars), ['--writer-key', `${narrow.key}:${narrow.secret}`])
  const half = { STORJ_EGRESS_ACCESS_KEY_ID: narrow.key }
  for (const others of [{}, half, { ...vars, STORJ_ACCESS_KEY_ID: narrow.key }]) assert.deepEqual(writerKey(others), [])
})

staged('the storage is away', { vars: { STORJ_ENDPOINT: 'http://127.0.0.1:9' } }, (scene) => {
  test('is no refusal: it starts all the same, and the failed upload is told', async () => {
    const { p } = scene
    const { streamId } = await p.host('talk')
    const { status, body } = await p.start('talk')
    assert.equal(status, 200)
    await p.until(streamId, 'recording')
    await p.stop({ egressId: body.egressId })
    const stream = await p.until(streamId, 'failed')
    assert.match(stream.recording.error, /STORJ_BUCKET/)
    await waitFor(async () => (await scene.stage.sql('SELECT file_checks FROM egresses'))[0].file_checks === 1)
    assert.deepEqual(await p.recordings(), [])
  })
})
