// Pictures: put by the owner, shown to whom the stream or recording is shown, gone when nothing shows them any more.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { start } from './harness/harness.mjs'
import { play } from './harness/play.mjs'
import { addRecording, addStream } from './harness/rows.mjs'

let stage
let p
before(async () => {
  stage = await start()
  p = play(stage)
})
let earlier = []
beforeEach(async () => {
  await stage.reset()
  // The bucket keeps what the tests before left there.
  earlier = (await p.objects()).map(({ key }) => key)
})
after(() => stage?.stop())

const minute = 60_000
/** The first bytes are what a picture is known by; the rest is anything. */
const jpeg = (fill, bytes = 1_000) => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(bytes - 4, fill)])
const webp = Buffer.concat([Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(40, 7)])
const put = (path, body, user = 'alice', type = 'image/jpeg') =>
  stage.api('PUT', `/api/${path}/thumbnail`, { user, body, headers: { 'content-type': type } })
const pictures = async () => (await p.objects()).map(({ key }) => key).filter((key) => key.startsWith('thumbnails/') && !earlier.includes(key))

/** What a browser sees behind that address, without a bearer. */
async function behind(url) {
  const first = await fetch(url, { redirect: 'manual' })
  if (first.status !== 302) return { status: first.status, code: (await first.json()).code }
  const picture = await fetch(first.headers.get('location'))
  return { status: picture.status, type: picture.headers.get('content-type'), bytes: Buffer.from(await picture.arrayBuffer()), cached: first.headers.get('cache-control') }
}

test('a recording: put, told in every answer, shown to an <img>, put again', async () => {
  await addRecording(stage, 'one')
  assert.equal((await stage.api('GET', '/api/recordings/one')).body.thumbnailUrl, null)
  assertRefused(await stage.api('GET', '/api/recordings/one/thumbnail'), 404, 'thumbnail_not_found')
  const { status, body } = await put('recordings/one', jpeg(1))
  assert.deepEqual([status, body.success], [200, true])
  const { thumbnailUrl } = (await stage.api('GET', '/api/recordings/one')).body
  assert.equal(thumbnailUrl, body.thumbnailUrl)
  assert.equal((await p.recordings())[0].thumbnailUrl, thumbnailUrl)
  assert.equal((await stage.api('GET', '/api/recordings/one/playback')).body.thumbnailUrl, thumbnailUrl)
  assert.deepEqual(await behind(thumbnailUrl), { status: 200, type: 'image/jpeg', bytes: jpeg(1), cached: 'private, max-age=300' })
  const again = await put('recordings/one', webp, 'alice', 'image/webp')
  assert.notEqual(again.body.thumbnailUrl, thumbnailUrl, 'what is cached is not shown in its place')
  const shown = await behind(again.body.thumbnailUrl)
  assert.deepEqual([shown.type, shown.bytes], ['image/webp', webp])
  await stage.cron()
  assert.equal((await pictures()).length, 1, 'the one before is gone')
})

test('a private one is shown by its signed address alone', async () => {
  await addRecording(stage, 'mine', { visibility: 'private' })
  const { thumbnailUrl } = (await put('recordings/mine', jpeg(2))).body
  assert.equal((await behind(thumbnailUrl)).status, 200)
  assert.equal((await stage.api('GET', '/api/recordings/mine')).status, 404)
  assertRefused(await stage.api('GET', '/api/recordings/mine/thumbnail'), 404, 'recording_not_found')
  assertRefused(await stage.api('GET', '/api/recordings/mine/thumbnail', { user: 'bob' }), 404, 'recording_not_found')
  assert.equal((await stage.api('GET', '/api/recordings/mine/thumbnail', { user: 'alice' })).status, 302)
  await addRecording(stage, 'other', { visibility: 'private' })
  await put('recordings/other', jpeg(3))
  assert.deepEqual(await behind(thumbnailUrl.replace('/mine/', '/other/')), { status: 403, code: 'link_invalid' })
  assert.deepEqual(await behind(thumbnailUrl.replace(/sig=./, 'sig=x')), { status: 403, code: 'link_invalid' })
})

test("a stream's is its recordings' too, and stays with them when it is deleted", async () => {
  const { streamId } = await p.host('seen', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  const { thumbnailUrl } = (await put(`streams/${streamId}`, jpeg(4))).body
  assert.equal((await p.stream(streamId)).thumbnailUrl, thumbnailUrl)
  assert.equal((await stage.api('GET', '/api/streams?status=live')).body.streams[0].thumbnailUrl, thumbnailUrl)
  await p.stop({ egressId: recording.egressId })
  const made = await p.ready(recording.egressId)
  assert.deepEqual((await behind(made.thumbnailUrl)).bytes, jpeg(4))
  const own = (await put(`recordings/${made.id}`, jpeg(5))).body.thumbnailUrl
  assert.deepEqual((await behind(own)).bytes, jpeg(5))
  assert.deepEqual((await behind(thumbnailUrl)).bytes, jpeg(4), 'the stream shows its own still')
  assert.equal((await stage.api('DELETE', `/api/streams/${streamId}?stop=true`, { user: 'alice' })).status, 200)
  await p.settled()
  for (let n = 0; n < 4; n++) await p.cronAfter(6 * minute)
  assert.deepEqual(await stage.sql('SELECT id FROM live_streams'), [])
  assert.equal((await pictures()).length, 1, 'only what the recording shows')
  assert.deepEqual((await behind((await p.recordings())[0].thumbnailUrl)).bytes, jpeg(5))
})

test('deleted with its recording; a shared one with the last that shows it', async () => {
  await addStream(stage, 'two')
  for (const id of ['a', 'b']) await addRecording(stage, id, { stream_id: 'two' })
  await put('streams/two', jpeg(6))
  assert.equal((await pictures()).length, 1)
  assert.equal((await stage.api('DELETE', '/api/recordings/a', { user: 'alice' })).status, 200)
  assert.deepEqual((await behind((await stage.api('GET', '/api/recordings/b')).body.thumbnailUrl)).bytes, jpeg(6))
  await put('streams/two', jpeg(7))
  assert.equal((await pictures()).length, 2)
  assert.equal((await stage.api('DELETE', '/api/recordings/b', { user: 'alice' })).body.status, 'deleted')
  assert.equal((await pictures()).length, 1, 'gone at once, as the file is')
  assert.equal((await stage.api('DELETE', '/api/streams/two', { user: 'alice' })).status, 200)
  await stage.cron()
  assert.deepEqual(await pictures(), [])
})

test('what the bucket does not do leaves nothing behind', async () => {
  await addRecording(stage, 'one')
  await p.faults({ storage: [{ on: 'PUT /recordings', times: 1, status: 503 }] })
  assertRefused(await put('recordings/one', jpeg(1)), 503, 'storage_unavailable')
  await p.faults({ storage: [{ on: 'PUT /recordings', times: 1, status: 403 }] })
  assertRefused(await put('recordings/one', jpeg(1)), 502, 'storage_refused')
  // The answer is lost, the picture is there: nobody claims it.
  await p.faults({ storage: [{ on: 'PUT /recordings', times: 1, acts: true, cut: true }] })
  assertRefused(await put('recordings/one', jpeg(1)), 503, 'storage_unavailable')
  assert.equal((await pictures()).length, 1)
  assert.equal((await stage.api('GET', '/api/recordings/one')).body.thumbnailUrl, null)
  await p.cronAfter(61 * minute)
  assert.deepEqual(await pictures(), [])
})

test('bad input: too large, no picture, nobody, somebody else, what is not there', async () => {
  await addRecording(stage, 'one')
  await addRecording(stage, 'hidden', { visibility: 'private', owner_id: 'bob' })
  assert.equal((await put('recordings/one', jpeg(0, 256 * 1024))).status, 200)
  const tooLarge = await put('recordings/one', jpeg(0, 256 * 1024 + 1))
  assertRefused(tooLarge, 413, 'body_too_large')
  assert.match(tooLarge.body.message, / 262144 bytes/)
  for (const bad of [Buffer.from('GIF89a'), Buffer.alloc(0), Buffer.from('<svg onload=alert(1)>'), Buffer.from([0xff, 0xd8])]) {
    assertRefused(await put('recordings/one', bad), 415, 'unsupported_image')
  }
  assertRefused(await put('recordings/one', jpeg(1), null), 401, 'not_signed_in')
  assertRefused(await put('recordings/one', jpeg(1), 'bob'), 403, 'not_owner')
  assertRefused(await put('recordings/hidden', jpeg(1)), 404, 'recording_not_found')
  assertRefused(await put('recordings/nowhere', jpeg(1)), 404, 'recording_not_found')
  assertRefused(await put('streams/nowhere', jpeg(1)), 404, 'stream_not_found')
  assertRefused(await stage.api('POST', '/api/recordings/one/thumbnail', { user: 'alice' }), 405, 'method_not_allowed')
  await stage.sql("UPDATE assets SET status = 'deleting' WHERE id = 'one'")
  assertRefused(await put('recordings/one', jpeg(1)), 410, 'recording_missing')
  await p.cronAfter(61 * minute)
  assert.deepEqual(await pictures(), [])
})

test('no line of the log tells a secret', () => p.tellsNoSecret(['sig=']))
