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
  stage = await startReal()
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
