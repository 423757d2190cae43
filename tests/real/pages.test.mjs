// The pages with the real LiveKit server and its own client: a camera goes live in one browser, another one sees it move.

import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { launch, newContext, shot } from '../pages/harness/browser.mjs'
import { missing, testWith } from './harness/needs.mjs'
import { startReal } from './harness/stage.mjs'

const CHROMIUM = ['chromium']
/** WebRTC to 127.0.0.1, and sound without a click. */
const FLAGS = ['--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns', '--autoplay-policy=no-user-gesture-required']
let stage
let browser
before(async () => {
  if (missing(...CHROMIUM)) return
  // LiveKit's own default: a host has so long to come back.
  stage = await startReal({ departureTimeout: 20 })
  browser = await launch(FLAGS)
})
after(async () => {
  await browser?.close()
  await stage?.stop()
})

testWith(CHROMIUM, 'who goes live by the page is seen by who watches by the page, and counted as long as they do', async () => {
  const host = await newContext(browser, stage, { really: true }, { devices: ['camera', 'microphone'] })
  const live = await host.go('/live', { user: 'alice' })
  await live.waitForFunction(() => document.querySelector('.stage video')?.videoWidth > 0)
  await live.getByLabel('Title').fill('A real show')
  await live.getByLabel('Record Stream').uncheck()
  await live.getByRole('button', { name: 'Go Live Now' }).click()
  await live.getByText('Live for').waitFor()
  const stream = await waitFor(async () => (await stage.api('GET', '/api/streams?status=live')).body.streams[0], 30_000)
  assert.equal(stream.title, 'A real show')

  const viewer = await newContext(browser, stage, { really: true }, {})
  const watch = await viewer.go(`/watch/live/${stream.id}`, { user: 'bob' })
  const frames = () => watch.evaluate(() => {
    const video = document.querySelector('video')
    return video && { frames: video.getVideoPlaybackQuality().totalVideoFrames, at: video.currentTime, width: video.videoWidth }
  })
  const first = await waitFor(async () => {
    const seen = await frames()
    return seen?.frames > 0 && seen.width > 0 && seen
  }, 30_000)
  await waitFor(async () => {
    const now = await frames()
    return now.frames > first.frames + 5 && now.at > first.at
  }, 30_000)
  await stage.p.until(stream.id, ({ viewerCount }) => viewerCount === 1)
  await live.getByText('1 viewer', { exact: true }).waitFor()
  // The camera's picture lies in the bucket, for the cards.
  await waitFor(async () => (await stage.api('GET', `/api/streams/${stream.id}`)).body.thumbnailUrl !== null, 15_000)
  await shot(watch, 'real-watch')
  await shot(live, 'real-live')
  await viewer.finish()
  await stage.p.until(stream.id, ({ viewerCount }) => viewerCount === 0)
  await live.getByText('0 viewers', { exact: true }).waitFor()
  await live.getByRole('button', { name: 'End Stream' }).click()
  await live.getByRole('dialog').getByRole('button', { name: 'End Stream' }).click()
  await live.getByRole('heading', { name: 'The stream has ended' }).waitFor()
  await stage.p.until(stream.id, ({ status }) => status === 'ended')
  await host.finish()
})

testWith(CHROMIUM, 'a host who loses the connection comes back with a moving picture and a microphone that is still muted; who stays is not sent off', async () => {
  const { admin } = stage.p
  const host = await newContext(browser, stage, { really: true }, { devices: ['camera', 'microphone'] })
  const live = await host.go('/live', { user: 'carol' })
  await live.waitForFunction(() => document.querySelector('.stage video')?.videoWidth > 0)
  await live.getByLabel('Title').fill('A shaky show')
  await live.getByLabel('Record Stream').uncheck()
  await live.getByRole('button', { name: 'Go Live Now' }).click()
  await live.getByText('Live for').waitFor()
  await live.getByRole('button', { name: 'Mute', exact: true }).click()
  await live.getByRole('button', { name: 'Unmute' }).waitFor()
  const { id, roomName } = await waitFor(async () => (await stage.api('GET', '/api/streams?status=live')).body.streams.find(({ title }) => title === 'A shaky show'), 30_000)
  /** LiveKit's own word on the host: a sid of each coming, and what is muted of what is published. */
  const onAir = async () => {
    const found = (await admin.listParticipants(roomName)).find(({ identity }) => identity === 'carol')
    return found?.tracks.length === 2 && { sid: found.sid, muted: Object.fromEntries(found.tracks.map(({ mimeType, muted }) => [mimeType.split('/')[0], muted])) }
  }
  const first = await waitFor(onAir)
  assert.deepEqual(first.muted, { audio: true, video: false })
  // What the browser does before it asks whether the page may be left; here the answer is to stay.
  await live.evaluate(() => dispatchEvent(new Event('beforeunload', { cancelable: true })))
  await live.waitForTimeout(1_000)
  assert.equal((await onAir()).sid, first.sid)

  await admin.removeParticipant(roomName, 'carol')
  await live.getByText('Connection lost').waitFor()
  const second = await waitFor(async () => {
    const now = await onAir()
    return now && now.sid !== first.sid && now
  }, 30_000)
  assert.deepEqual(second.muted, { audio: true, video: false })
  await live.getByText('Connection lost').waitFor({ state: 'hidden' })

  const viewer = await newContext(browser, stage, { really: true }, {})
  const watch = await viewer.go(`/watch/live/${id}`, { user: 'dave' })
  const shades = () => watch.evaluate(() => {
    const video = document.querySelector('video')
    if (!video?.videoWidth) return 0
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 })
    const context = canvas.getContext('2d')
    context.drawImage(video, 0, 0, 64, 36)
    return new Set(context.getImageData(0, 0, 64, 36).data).size
  })
  // Of a track that was stopped black alone would come.
  await waitFor(async () => (await shades()) > 8, 30_000)
  await live.getByRole('button', { name: 'Unmute' }).click()
  await waitFor(async () => (await onAir()).muted?.audio === false)
  await viewer.finish()
  await live.getByRole('button', { name: 'End Stream' }).click()
  await live.getByRole('dialog').getByRole('button', { name: 'End Stream' }).click()
  await live.getByRole('heading', { name: 'The stream has ended' }).waitFor()
  await host.finish()
})
