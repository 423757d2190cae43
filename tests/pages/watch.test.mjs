// Watch: a recording plays, with the keyboard, over the end of its signed URL; a live stream shows its picture.

import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { before, test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { addRecording } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const video = (page) => page.locator('video')
const now = (page) => video(page).evaluate((element) => ({ at: element.currentTime, paused: element.paused, rate: element.playbackRate, src: element.src }))
const plays = (page) => waitFor(async () => (await now(page)).at > 0.2)

paged('Watch', {}, (scene) => {
  let recording
  before(async () => {
    const { stage, p } = scene
    const { streamId } = await p.host('a-room', { title: 'A talk about <b>tea</b>', record: true })
    await p.until(streamId, 'recording')
    const viewer = await p.viewer('a-room')
    await p.until(streamId, (stream) => stream.viewerCount === 1)
    await p.leave('a-room', viewer)
    const { body } = await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    recording = await p.ready(body.recording.egressId)
  })

  test('a recording plays for anybody, from the bucket, by the keyboard alone', async () => {
    const page = await scene.open(`/watch/${recording.id}`)
    await page.getByRole('heading', { name: 'A talk about <b>tea</b>' }).waitFor()
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    await accessible(page)
    await shot(page, 'watch-recording')
    assert.equal((await now(page)).paused, true, 'nothing plays by itself')
    await page.locator('#main').focus()
    await page.keyboard.press('k')
    await plays(page)
    assert.ok((await now(page)).src.startsWith(scene.stage.s3))
    await page.keyboard.press('Space')
    await waitFor(async () => (await now(page)).paused)
    await page.keyboard.press('5')
    await waitFor(async () => Math.abs((await now(page)).at - 5) < 0.6)
    await page.keyboard.press('ArrowLeft')
    await waitFor(async () => (await now(page)).at < 1)
    await page.keyboard.press('m')
    assert.equal(await video(page).evaluate((element) => element.muted), true)
  })

  test('who watched it live is a plot, and the same in words', async () => {
    const page = await scene.open(`/watch/${recording.id}`)
    await page.getByRole('heading', { name: '1 person watched it live' }).waitFor()
    await page.getByRole('img', { name: /^Viewers from \d\d:\d\d to \d\d:\d\d, at most 1 at once/ }).waitFor()
    await accessible(page)
    await shot(page, 'watch-viewers')
  })

  test('a download is saved under a name for people, counted, and the page stays', async () => {
    const { stage } = scene
    const page = await scene.open(`/watch/${recording.id}`)
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()])
    assert.match(download.suggestedFilename(), /^\d{4}-\d\d-\d\d A talk about .*tea.*\.mp4$/)
    assert.ok((await stat(await download.path())).size > 100_000)
    assert.equal(new URL(page.url()).pathname, `/watch/${recording.id}`)
    const [{ downloads }] = await stage.sql('SELECT downloads FROM assets WHERE id = ?', recording.id)
    assert.equal(downloads, 1)
  })

  test('one without a picture gets it from its own video when its owner looks: for the cards, the poster, and link previews', async () => {
    const { stage, p } = scene
    const key = async () => (await stage.sql('SELECT thumbnail_key AS key FROM assets WHERE id = ?', recording.id))[0].key
    const stranger = await scene.open(`/watch/${recording.id}`)
    await stranger.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    await stranger.waitForTimeout(1_000)
    assert.equal(await key(), null, 'others draw none')
    const page = await scene.open(`/watch/${recording.id}`, { user: 'alice' })
    const drawn = await waitFor(key)
    const { size } = (await p.objects()).find((object) => object.key === drawn)
    assert.ok(size > 1_000 && size <= 256 * 1024, `${size} bytes`)
    const puts = []
    page.on('request', (request) => request.method() === 'PUT' && puts.push(request.url()))
    await page.reload()
    const poster = await video(page).getAttribute('poster')
    assert.equal(await page.evaluate((src) => new Promise((done) => {
      const image = Object.assign(new Image(), { src, onload: () => done(image.naturalWidth), onerror: () => done(0) })
    }), poster), 640)
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    await page.waitForTimeout(500)
    assert.deepEqual(puts, [], 'once is enough')
    const discover = await scene.open('/discover?tab=recordings')
    await discover.waitForFunction(() => document.querySelector('.card img')?.naturalWidth === 640)
    await shot(discover, 'discover-picture')
    const { text } = await stage.api('GET', `/watch/${recording.id}`)
    assert.ok(text.includes(`<meta property="og:image" content="${poster.replaceAll('&', '&amp;')}">`), text)
  })

  test('a bucket whose CORS lets no frame be drawn plays all the same', async () => {
    const { stage } = scene
    await stage.sql('UPDATE assets SET thumbnail_key = NULL WHERE id = ?', recording.id)
    const page = await (await scene.context()).go('/discover?tab=live', { user: 'alice' })
    let refused = 0
    await page.route(`${stage.s3}/**`, async (route) => {
      if (!(await route.request().headerValue('origin'))) return route.continue()
      refused += 1
      return route.abort()
    })
    await page.goto(`/watch/${recording.id}`)
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    await waitFor(() => refused > 0)
    await page.locator('#main').focus()
    await page.keyboard.press('k')
    await plays(page)
    assert.equal(await page.locator('.over').count(), 0)
  })

  test('the signed URL is renewed without losing the place, the speed, or the sound', async () => {
    const page = await (await scene.context()).go('about:blank')
    let asked = 0
    await page.route('**/playback', async (route) => {
      asked += 1
      const response = await route.fetch()
      const body = await response.json()
      // Each is another URL, and the first one is about to end.
      if (asked === 1) body.expiresAt = new Date(Date.now() + 62_000).toISOString()
      await route.fulfill({ response, json: { ...body, url: `${body.url}#${asked}` } })
    })
    await page.goto(`/watch/${recording.id}`)
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    await video(page).evaluate((element) => {
      element.currentTime = 4
      element.playbackRate = 1.5
      element.volume = 0.3
    })
    await waitFor(() => asked === 2)
    await waitFor(async () => (await now(page)).src.endsWith('#2'))
    await waitFor(async () => Math.abs((await now(page)).at - 4) < 0.1)
    assert.deepEqual(await video(page).evaluate(({ playbackRate, volume, paused }) => ({ playbackRate, volume, paused })), { playbackRate: 1.5, volume: 0.3, paused: true })
  })

  test('an expired URL is asked for anew once, and what does not help is said', async () => {
    const page = await (await scene.context()).go('about:blank')
    let [asked, broken] = [0, true]
    await page.route('**/playback', async (route) => {
      asked += 1
      const response = await route.fetch()
      const body = await response.json()
      await route.fulfill({ response, json: { ...body, url: broken ? body.url.replace(/X-Amz-Signature=\w{8}/, 'X-Amz-Signature=00000000') : body.url } })
    })
    await page.goto(`/watch/${recording.id}`)
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    assert.equal(asked, 2)
    await shot(page, 'watch-broken')
    await accessible(page)
    broken = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
  })

  test('what is not ready is said: being verified, missing, private, never there', async () => {
    const { stage } = scene
    await addRecording(stage, 'slow', { status: 'processing' })
    await addRecording(stage, 'lost', { status: 'missing' })
    await addRecording(stage, 'mine', { visibility: 'private' })
    for (const [id, text] of [['slow', 'Being verified'], ['lost', 'The file is missing'], ['mine', 'There is no such recording'], ['never', 'There is no such recording']]) {
      const page = await scene.open(`/watch/${id}`)
      await page.getByText(text).first().waitFor()
      await accessible(page, id)
      await shot(page, `watch-${id}`)
    }
    const own = await scene.open('/watch/mine', { user: 'alice' })
    await own.getByRole('heading', { name: 'Recording mine' }).waitFor()
    own.made.expect(/policy|console/)
  })

  test('one that is being verified plays as soon as it is ready', async () => {
    const { stage } = scene
    await addRecording(stage, 'soon', { status: 'processing', object_key: recording.filename, title: 'Soon' })
    const page = await scene.open('/watch/soon')
    await page.getByText('Being verified').first().waitFor()
    await stage.sql("UPDATE assets SET status = 'ready' WHERE id = 'soon'")
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
  })

  test('a link in a chat shows the title as text, and a machine reads a VideoObject', async () => {
    const { headers, text } = await scene.stage.api('GET', `/watch/${recording.id}`)
    assert.match(headers.get('content-type'), /^text\/html/)
    assert.match(text, /<title>A talk about &lt;b&gt;tea&lt;\/b&gt; · Watch/)
    assert.match(text, /<meta property="og:title" content="A talk about &lt;b&gt;tea&lt;\/b&gt;">/)
    const video = JSON.parse(/<script type="application\/ld\+json">(.*?)<\/script>/.exec(text)[1])
    assert.deepEqual([video['@type'], video.name], ['VideoObject', 'A talk about <b>tea</b>'])
  })

  test('a live stream shows its picture, and says when it has ended', async () => {
    const { stage, p } = scene
    const { streamId } = await p.host('live-room', { title: 'Live now', user: 'alice' })
    await p.until(streamId, (stream) => stream.status === 'live')
    const nobody = await scene.open(`/watch/live/${streamId}`)
    await nobody.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    await accessible(nobody)
    const page = await scene.open(`/watch/live/${streamId}`, { user: 'bob' })
    await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0)
    await page.getByText('1 viewer', { exact: true }).waitFor()
    await shot(page, 'watch-live')
    await accessible(page)
    await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    await page.getByRole('heading', { name: 'The stream has ended' }).waitFor()
    await accessible(page)
    await shot(page, 'watch-live-ended')
  })
})

paged('Watch a recording made of segments', {}, (scene) => {
  test('hls.js plays it, from the bucket, with a place to go to and a picture drawn from it', async () => {
    const { stage, p } = scene
    const { streamId } = await p.host('killed', { title: 'Cut off', record: true })
    const { recording } = await p.until(streamId, 'recording')
    await stage.dev('/dev/recorder', { room: 'killed', leap_seconds: 24 })
    await waitFor(async () => (await p.objects()).some(({ key }) => key.endsWith('/s_00003.ts')))
    await stage.dev('/dev/recorder', { room: 'killed', kill: 'handler' })
    const made = await waitFor(async () => (await p.recordings()).find(({ egressId, status }) => egressId === recording.egressId && status === 'ready'))
    assert.deepEqual([made.format, made.partial], ['segments', true])
    const page = await scene.open(`/watch/${made.id}`, { user: 'alice' })
    await page.getByText('Incomplete').waitFor()
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    assert.ok((await now(page)).src.startsWith('blob:'), 'Chromium plays no playlists by itself')
    await page.locator('#main').focus()
    await page.keyboard.press('k')
    await plays(page)
    await page.keyboard.press('5')
    await waitFor(async () => (await now(page)).at > 10)
    await waitFor(async () => (await stage.sql('SELECT thumbnail_key AS key FROM assets WHERE id = ?', made.id))[0].key)
    await page.keyboard.press('k')
    await accessible(page)
    await shot(page, 'watch-segments')
    scene.made = made
  })

  test('its signed playlist is renewed without losing the place, and a broken one is said', async () => {
    const { made } = scene
    const page = await (await scene.context()).go('about:blank')
    let [asked, broken] = [0, false]
    await page.route('**/playback', async (route) => {
      asked += 1
      const response = await route.fetch()
      const body = await response.json()
      if (asked === 1) body.expiresAt = new Date(Date.now() + 63_000).toISOString()
      await route.fulfill({ response, json: { ...body, url: broken ? body.url.replace(/sig=\w{8}/, 'sig=00000000') : body.url } })
    })
    await page.goto(`/watch/${made.id}`)
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    await video(page).evaluate((element) => (element.currentTime = 14))
    const first = (await now(page)).src
    await waitFor(() => asked === 2)
    await waitFor(async () => (await now(page)).src !== first)
    await page.waitForFunction(() => document.querySelector('video').readyState >= 2)
    assert.ok(Math.abs((await now(page)).at - 14) < 0.5, `${(await now(page)).at}`)
    assert.equal((await now(page)).paused, true)
    broken = true
    await page.reload()
    await page.getByText('The recording cannot be played').waitFor()
    broken = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.waitForFunction(() => document.querySelector('video').readyState >= 2)
  })
})
