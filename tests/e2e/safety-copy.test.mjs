// The safety copy: segments beside the MP4, from which the recording is made when the MP4 does not come.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { bucket, waitFor } from './harness/harness.mjs'
import { staged } from './harness/play.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'safety-copy-'))
after(() => rmSync(folder, { recursive: true, force: true }))
/** The bucket's files lie where a test can read them. */
const onDisk = (name) => ({ devstackArgs: ['--s3-dir', path.join(folder, name)] })
const fileOf = (name, key) => path.join(folder, name, bucket, key)

const folderOf = (filename) => filename.replace(/(\.mp4|\.ts)$/, '/')
const minute = 60_000

/** A recording that has so many seconds more than its first ones, with their segments in the bucket. */
async function recorded(p, stage, room, seconds) {
  const { streamId } = await p.host(room, { record: true })
  const { recording } = await p.until(streamId, 'recording')
  if (seconds) {
    await stage.dev('/dev/recorder', { room, leap_seconds: seconds })
    const last = `s_${String(Math.floor(seconds / 6) - 1).padStart(5, '0')}.ts`
    await waitFor(async () => (await p.objects()).some(({ key }) => key.includes(`/${room}_`) && key.endsWith(last)))
  }
  return { streamId, egressId: recording.egressId }
}

const ofFormat = (p, format, egressId) =>
  waitFor(async () => (await p.recordings()).find((r) => r.format === format && r.egressId === egressId && r.status === 'ready'))

/** Plays it as a player does: the playlist, then every address in it. Answers the playlist and the bytes. */
async function played(stage, id) {
  const { status, body } = await stage.api('GET', `/api/recordings/${id}/playback`)
  assert.deepEqual([status, body.type], [200, 'application/vnd.apple.mpegurl'])
  const playlist = await fetch(body.url)
  assert.equal(playlist.headers.get('content-type'), 'application/vnd.apple.mpegurl')
  const text = await playlist.text()
  assert.match(text, /^#EXTM3U\n[^]*\n#EXT-X-ENDLIST\n$/)
  return { url: body.url, text, bytes: await segmentsOf(body.url, text) }
}

/** The bytes of each segment in a playlist that was had from that address. */
async function segmentsOf(url, text) {
  const bytes = []
  for (const line of text.split('\n').filter((line) => line && !line.startsWith('#') && line !== 'gap.ts')) {
    const segment = await fetch(new URL(line, url))
    assert.equal(segment.status, 200, line)
    assert.equal(segment.headers.get('content-type'), 'video/mp2t')
    bytes.push(Buffer.from(await segment.arrayBuffer()))
  }
  return bytes
}

staged('a recorder that is killed', onDisk('killed'), (scene) => {
  test('leaves its segments: one recording, which says that it is a part', async () => {
    const { p, stage } = scene
    const { streamId, egressId } = await recorded(p, stage, 'killed', 24)
    const [{ room_composite: request }] = await p.egresses('killed')
    const [{ filename_prefix: prefix, playlist_name: playlist }] = request.segment_outputs
    assert.equal(prefix, `${folderOf(request.file_outputs[0].filepath)}s`)
    assert.equal(playlist, `${folderOf(request.file_outputs[0].filepath)}index.m3u8`)
    await stage.dev('/dev/recorder', { room: 'killed', kill: 'handler' })
    const recording = await ofFormat(p, 'segments', egressId)
    const segments = (await p.objects()).filter(({ key }) => key.startsWith(prefix))
    assert.ok(segments.length >= 4)
    assert.deepEqual([recording.partial, recording.sizeBytes], [true, segments.reduce((sum, { size }) => sum + size, 0)])
    assert.ok(Math.abs(recording.durationMs - segments.length * 6_000) < 500, `${recording.durationMs}`)
    assert.equal((await p.recordings()).length, 1)
    Object.assign(scene, { streamId, recording, prefix, count: segments.length })
  })

  test('they play at once, byte for byte as they lie in the bucket', async () => {
    const { p, stage, recording, prefix, count } = scene
    const { url, text, bytes } = await played(stage, recording.id)
    assert.equal(bytes.length, count)
    for (const [n, content] of bytes.entries()) {
      const file = fileOf('killed', `${prefix}_${String(n).padStart(5, '0')}.ts`)
      assert.deepEqual(content, await readFile(file), `segment ${n}`)
    }
    assert.equal((text.match(/#EXTINF:6\.000,/g) ?? []).length, count)
    assert.equal((await p.recordings()).length, 1)
    scene.url = url
  })

  test('a player of another origin follows: playlist, redirect, ranges, HEAD', async () => {
    const { url } = scene
    const origin = { origin: 'https://player.example' }
    const playlist = await fetch(url, { headers: origin })
    assert.equal(playlist.headers.get('access-control-allow-origin'), '*')
    const line = (await playlist.text()).split('\n').find((line) => line.startsWith('segments/'))
    const address = new URL(line, url)
    const led = await fetch(address, { headers: origin, redirect: 'manual' })
    assert.deepEqual([led.status, led.headers.get('access-control-allow-origin')], [302, '*'])
    const whole = await fetch(address, { headers: origin })
    assert.equal(whole.headers.get('access-control-allow-origin'), '*')
    const bytes = Buffer.from(await whole.arrayBuffer())
    const part = await fetch(address, { headers: { ...origin, range: 'bytes=188-375' } })
    assert.equal(part.status, 206)
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(188, 376))
    const head = await fetch(address, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)])
    const headOfPlaylist = await fetch(url, { method: 'HEAD' })
    assert.deepEqual([headOfPlaylist.status, await headOfPlaylist.text()], [200, ''])
    const preflight = await fetch(address, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'range' },
    })
    assert.match(preflight.headers.get('access-control-allow-headers'), /range/)
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
  })

  test('a link that was altered is worth nothing: 403, in words', async () => {
    const { url, recording } = scene
    const altered = [
      url.replace(/exp=\d/, 'exp=9'),
      url.replace(/sig=[0-9a-f]{2}/, (two) => (two === 'sig=00' ? 'sig=01' : 'sig=00')),
      url.replace(/&sig=.*/, ''),
      url.replace(/\?.*/, ''),
      url.replace(recording.id, 'another-recording'),
    ]
    for (const link of altered) {
      assert.notEqual(link, url)
      for (const address of [link, link.replace('playlist.m3u8', 'segments/0.ts')]) {
        const answer = await fetch(address, { redirect: 'manual' })
        assert.deepEqual([answer.status, (await answer.json()).code], [403, 'link_invalid'], address)
      }
    }
    const outside = await fetch(url.replace('playlist.m3u8', 'segments/99999.ts'), { redirect: 'manual' })
    assert.deepEqual([outside.status, (await outside.json()).code], [404, 'segment_not_found'])
  })

  test('a private one is not there for others, and plays for its owner, whose player sends no bearer', async () => {
    const { stage, recording } = scene
    const path = `/api/recordings/${recording.id}`
    await stage.api('PATCH', path, { user: 'alice', body: { visibility: 'private' } })
    assert.equal((await stage.api('GET', `${path}/playback`)).status, 404)
    const { body } = await stage.api('GET', `${path}/playback`, { user: 'alice' })
    assert.equal((await fetch(body.url)).status, 200)
  })
})

staged('the bucket is away when the MP4 is uploaded', onDisk('away'), (scene) => {
  test('nothing is lost: every segment is in the recording', async () => {
    const { p, stage } = scene
    const { streamId, egressId } = await recorded(p, stage, 'away', 18)
    await p.faults({ storage: [{ on: 'PUT .mp4', status: 503 }] })
    await p.stop({ egressId })
    await p.until(streamId, 'failed')
    const recording = await ofFormat(p, 'segments', egressId)
    const [{ room_composite: request }] = await p.egresses('away')
    const names = (await readdir(path.dirname(fileOf('away', `${request.segment_outputs[0].filename_prefix}_00000.ts`)))).filter((name) => name.endsWith('.ts'))
    const { bytes, text } = await played(stage, recording.id)
    assert.equal(bytes.length, names.length)
    assert.ok(!text.includes('GAP'))
    assert.match((await p.stream(streamId)).recording.error, /STORJ_ENDPOINT/)
  })
})

staged('a segment that never came', {}, (scene) => {
  test('is a gap in the playlist, and the rest plays', async () => {
    const { p, stage } = scene
    await p.faults({ storage: [{ on: 'PUT s_00001.ts', status: 503 }] })
    const { egressId } = await recorded(p, stage, 'holed', 24)
    await stage.dev('/dev/recorder', { room: 'holed', kill: 'handler' })
    const recording = await ofFormat(p, 'segments', egressId)
    const { text, bytes } = await played(stage, recording.id)
    assert.match(text, /segments\/0\.ts\S*\n#EXTINF:6\.000,\n#EXT-X-GAP\ngap\.ts\n#EXTINF:6\.000,\nsegments\/2\.ts/)
    assert.equal(recording.sizeBytes, bytes.reduce((sum, { length }) => sum + length, 0))
  })
})

staged('a segment that the bucket refuses', {}, (scene) => {
  test('ends the recording; the next part goes without segments, and says so', async () => {
    const { p, stage } = scene
    await p.faults({ storage: [{ on: 'PUT s_00001.ts', status: 403 }] })
    const { streamId, egressId } = await recorded(p, stage, 'refused', 0)
    await stage.dev('/dev/recorder', { room: 'refused', leap_seconds: 12 })
    const first = await ofFormat(p, 'segments', egressId)
    await p.settled()
    await p.cronAfter(minute)
    const stream = await p.until(streamId, ({ recording }) => recording.status === 'recording' && recording.egressId !== egressId)
    assert.match(stream.recording.error, /without the safety copy/)
    const next = (await p.egresses('refused')).find((egress) => egress.egress_id === stream.recording.egressId)
    assert.deepEqual(next.room_composite.segment_outputs, [])
    await p.stop({ egressId: stream.recording.egressId })
    const second = await ofFormat(p, 'mp4', stream.recording.egressId)
    assert.deepEqual([first.part, second.part, second.partial], [1, 2, false])
    assert.equal((await p.stream(streamId)).recording.error, null)
  })
})

const writer = { key: 'writeonly', secret: 'writesecretwritesecretwritesecret' }
staged(
  'a key that may only add',
  {
    vars: { STORJ_EGRESS_ACCESS_KEY_ID: writer.key, STORJ_EGRESS_SECRET_ACCESS_KEY: writer.secret },
    devstackArgs: ['--write-only-key', `${writer.key}:${writer.secret}`],
    secrets: [writer.secret],
  },
  (scene) => {
    test('records the MP4 alone: a refused playlist would end the recording', async () => {
      const { p, stage } = scene
      const { egressId } = await recorded(p, stage, 'only-adds', 0)
      const [{ room_composite: request }] = await p.egresses('only-adds')
      assert.deepEqual(request.segment_outputs, [])
      assert.deepEqual(await stage.sql('SELECT overwrites, refused FROM storage_proofs'), [{ overwrites: 0, refused: null }])
      await p.stop({ egressId })
      assert.equal((await p.ready(egressId)).format, 'mp4')
    })
  },
)

staged('Storj takes one write a second to a key', {}, (scene) => {
  test('the probe waits, and is asked again after a 429', async () => {
    const { p, stage } = scene
    await p.faults({ storage_rewrite_ms: 1_000, storage: [{ on: 'PUT /_probe/', skip: 1, times: 1, status: 429, code: 'SlowDown' }] })
    // One start alone, whose second write it is.
    await p.host('slow')
    await p.settled(1_500)
    assert.equal((await p.start('slow')).status, 200)
    assert.deepEqual(await stage.sql('SELECT overwrites, refused FROM storage_proofs'), [{ overwrites: 1, refused: null }])
    const [{ room_composite: request }] = await p.egresses('slow')
    assert.equal(request.segment_outputs.length, 1)
  })
})

staged('SAFETY_COPY=off', { vars: { SAFETY_COPY: 'off' } }, (scene) => {
  test('records the MP4 alone', async () => {
    const { p, stage } = scene
    await recorded(p, stage, 'off', 0)
    const [{ room_composite: request }] = await p.egresses('off')
    assert.deepEqual(request.segment_outputs, [])
  })
})

/** Runs the schedule until the recording's segments are joined; answers how many runs that took. */
async function joined(p, stage, egressId) {
  for (let runs = 1; runs <= 100; runs++) {
    await p.cronAfter(runs <= 3 ? 6 * minute : minute)
    const [row] = await stage.sql('SELECT r.joined FROM reels r JOIN egresses e ON e.id = r.job_id WHERE e.egress_id = ?', egressId)
    if (row?.joined === 1) return runs
  }
  throw new Error(`never joined: ${JSON.stringify(await stage.sql('SELECT job_id, join_at, upload_id, done, carried, tries FROM reels'))}`)
}

/** The playlist of a joined recording: ranges of one address, fetched one by one. */
async function playedByRanges(stage, id) {
  const { body } = await stage.api('GET', `/api/recordings/${id}/playback`, { user: 'alice' })
  const text = await (await fetch(body.url)).text()
  const ranges = [...text.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)/g)].map(([, length, from, url]) => ({ length: Number(length), from: Number(from), url }))
  assert.equal(new Set(ranges.map(({ url }) => url)).size, 1)
  return { text, ranges, get: ({ length, from, url }) => fetch(url, { headers: { range: `bytes=${from}-${from + length - 1}` } }) }
}

staged('segments of which a recording is made', onDisk('joined'), (scene) => {
  test('are joined into one object beside them, byte for byte, and then deleted', async () => {
    const { p, stage } = scene
    const { egressId } = await recorded(p, stage, 'joined', 36)
    await stage.dev('/dev/recorder', { room: 'joined', kill: 'handler' })
    const before = await ofFormat(p, 'segments', egressId)
    await p.stop({ roomName: 'joined' })
    const early = await stage.api('GET', `/api/recordings/${before.id}/download`, { user: 'alice' })
    assert.deepEqual([early.status, early.body.code], [409, 'recording_not_ready'])
    const { url, text, bytes } = await played(stage, before.id)
    await joined(p, stage, egressId)
    const recording = await ofFormat(p, 'segments', egressId)
    assert.equal(recording.filename, before.filename.replace('.mp4', '.ts'))
    assert.deepEqual(await readFile(fileOf('joined', recording.filename)), Buffer.concat(bytes))
    assert.deepEqual([recording.id, recording.sizeBytes, recording.partial], [before.id, before.sizeBytes, true])
    assert.deepEqual(await segmentsOf(url, text), bytes, 'whoever plays it by the playlist of before goes on')
    await p.cronAfter(recording.durationMs + 61 * 60_000)
    await waitFor(async () => (await stage.cron(), !(await p.objects()).some(({ key }) => key.startsWith(folderOf(recording.filename)))))
    assert.equal((await p.objects()).find(({ key }) => key === recording.filename).content_type, 'video/mp2t')
    Object.assign(scene, { recording, bytes })
  })

  test('play as ranges of that object, and the download saves it', async () => {
    const { stage, recording, bytes } = scene
    const { ranges, get } = await playedByRanges(stage, recording.id)
    assert.equal(ranges.length, bytes.length)
    for (const [n, range] of ranges.entries()) {
      const answer = await get(range)
      assert.equal(answer.status, 206)
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes[n], `range ${n}`)
    }
    const { status, headers } = await stage.api('GET', `/api/recordings/${recording.id}/download`, { user: 'alice' })
    assert.equal(status, 302)
    const saved = await fetch(headers.get('location'))
    assert.match(saved.headers.get('content-disposition'), /\.ts/)
    assert.equal((await saved.arrayBuffer()).byteLength, recording.sizeBytes)
  })
})

staged('three hours without an MP4', onDisk('long'), (scene) => {
  const count = 1_800
  const content = (n) => Buffer.alloc(100_000, `segment ${n} `)

  test('play at once', async () => {
    const { p, stage } = scene
    const { egressId } = await recorded(p, stage, 'long', 6)
    await stage.dev('/dev/recorder', { room: 'long', kill: 'handler' })
    const { filename } = await ofFormat(p, 'segments', egressId)
    await p.stop({ roomName: 'long' })
    const name = (n) => `s_${String(n).padStart(5, '0')}.ts`
    const file = (name) => fileOf('long', `${folderOf(filename)}${name}`)
    await Promise.all(Array.from({ length: count }, (_, n) => writeFile(file(name(n)), content(n))))
    await writeFile(file('index.m3u8'), `#EXTM3U\n${Array.from({ length: count }, (_, n) => `#EXTINF:6.000,\n${name(n)}\n`).join('')}`)
    await p.cronAfter(2 * minute)
    const recording = await ofFormat(p, 'segments', egressId)
    assert.deepEqual([recording.durationMs, recording.sizeBytes], [3 * 3_600_000, count * 100_000])
    const { body } = await stage.api('GET', `/api/recordings/${recording.id}/playback`)
    const lines = (await (await fetch(body.url)).text()).split('\n').filter((line) => line.startsWith('segments/'))
    assert.equal(lines.length, count)
    for (const n of [0, 900, count - 1]) {
      assert.deepEqual(Buffer.from(await (await fetch(new URL(lines[n], body.url))).arrayBuffer()), content(n))
    }
    Object.assign(scene, { egressId, recording })
  })

  test('are joined within what a free plan allows a run, though each segment has only 100 kB', async () => {
    const { p, stage, egressId, recording } = scene
    const before = stage.logs().length
    const runs = await joined(p, stage, egressId)
    assert.ok(runs <= 80, `${runs} runs`)
    const schedule = stage.logs().slice(before).filter(({ route }) => route === 'schedule')
    assert.ok(schedule.length >= runs)
    for (const { d1 } of schedule) assert.ok(d1.trips <= 40, JSON.stringify(d1))
    const whole = await readFile(fileOf('long', recording.filename.replace('.mp4', '.ts')))
    assert.ok(whole.equals(Buffer.concat(Array.from({ length: count }, (_, n) => content(n)))), 'byte for byte')
    const { ranges, get } = await playedByRanges(stage, recording.id)
    assert.equal(ranges.length, count)
    assert.deepEqual(Buffer.from(await (await get(ranges[1_234])).arrayBuffer()), content(1_234))
  })
})

staged('an MP4 that is verified', {}, (scene) => {
  test('is the recording, and its segments are deleted', async () => {
    const { p, stage } = scene
    const { egressId } = await recorded(p, stage, 'whole', 18)
    const segments = async () => (await p.objects()).filter(({ key }) => /\/(s_\d+\.ts|index\.m3u8)$/.test(key))
    assert.ok((await segments()).length >= 4)
    await p.stop({ egressId })
    const recording = await p.ready(egressId)
    assert.deepEqual([recording.format, recording.partial], ['mp4', false])
    await waitFor(async () => (await stage.cron(), (await segments()).length === 0))
    // Asked for again an hour later, in case that somebody still wrote; then nothing is on file any more.
    await p.cronAfter(61 * minute)
    assert.deepEqual(await stage.sql('SELECT id FROM trash'), [])
    assert.deepEqual((await p.objects()).map(({ key }) => key), [recording.filename])
    assert.equal((await stage.api('GET', `/api/recordings/${recording.id}/playback`)).body.type, 'video/mp4')
  })
})
