// Live: what a host's buttons and devices do after LiveKit's client, the camera or the connection came back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { paged } from './harness/browser.mjs'
import { devices, goLive, LIVE, onAir, unplug } from './harness/on-air.mjs'

paged('Live, after something came back', {}, (scene) => {
  test('after a full reconnect who mutes is muted, and another microphone takes the place of the first', async () => {
    const page = await scene.open('/live', { user: 'alice', devices })
    await goLive(page, 'Another server')
    await page.evaluate(() => {
      const { localParticipant } = window.rooms.at(-1)
      window.first = [...localParticipant.trackPublications.values()].map(({ track }) => track)
      return window.rooms.at(-1).restart()
    })
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
    await page.getByRole('button', { name: 'Mute', exact: true }).click()
    await page.getByRole('button', { name: 'Unmute' }).waitFor()
    await page.getByRole('button', { name: 'Camera off' }).click()
    await page.getByRole('button', { name: 'Camera on' }).waitFor()
    const [{ audio, video }] = await onAir(page)
    assert.deepEqual([audio.muted, video.muted], [true, true])
    const before = await page.evaluate(() => window.first.map(({ mediaStreamTrack }) => mediaStreamTrack.id))
    await page.getByLabel('Microphone', { exact: true }).selectOption({ index: 1 })
    await waitFor(() => page.evaluate((before) => window.first.every(({ mediaStreamTrack: { id, readyState } }) => !before.includes(id) && readyState === 'live'), before))
    // Not a second one beside it, which would not be muted either.
    assert.ok(await page.evaluate(() => [...window.rooms.at(-1).localParticipant.trackPublications.values()].every(({ track }) => window.first.includes(track))))
    const [after] = await onAir(page)
    assert.deepEqual([after.audio.muted, after.video.muted], [true, true])
  })

  test('a reload that finds no camera goes on with the stream as soon as the stage has opened what there is', async () => {
    const context = await scene.context({ devices })
    await context.context.addInitScript(() => {
      const { mediaDevices } = navigator
      const usual = mediaDevices?.getUserMedia.bind(mediaDevices)
      if (usual) mediaDevices.getUserMedia = async (wanted) => {
        if (sessionStorage.getItem('gone') && wanted.video) throw new DOMException('', 'NotFoundError')
        return usual(wanted)
      }
    })
    const page = await context.go('/live', { user: 'bob' })
    await goLive(page, 'Half of it')
    const stage = page.locator('.stage')
    for (const [button, sent] of [['Try again', { audio: LIVE, video: LIVE }], ['Sound only', { audio: LIVE }]]) {
      await page.evaluate(() => sessionStorage.setItem('gone', 'yes'))
      await page.reload()
      await page.getByText('goes on as soon as the camera does').waitFor()
      if (button === 'Try again') await page.evaluate(() => sessionStorage.removeItem('gone'))
      await stage.getByRole('button', { name: button }).click()
      await page.getByText('Live for').waitFor()
      assert.deepEqual(await onAir(page), [sent])
    }
  })

  test('without its camera who comes back is heard, and asked nothing by the browser', async () => {
    const page = await scene.open('/live', { user: 'carol', devices })
    await goLive(page, 'Unasked')
    await page.evaluate(() => {
      // A browser that asks each time, and a host who does not answer.
      navigator.permissions.query = async () => ({ state: 'prompt' })
      navigator.mediaDevices.getUserMedia = () => ((window.asked = true), new Promise(() => {}))
    })
    await unplug(page, 'video')
    await page.evaluate(() => window.rooms.at(-1).drop())
    await page.getByText('Connection lost').waitFor()
    await page.getByText('Connection lost').waitFor({ state: 'hidden' })
    assert.deepEqual(await onAir(page), [{ audio: LIVE }])
    assert.equal(await page.evaluate(() => window.asked), undefined)
    assert.ok(await page.getByRole('button', { name: 'Turn on camera', exact: true }).isVisible())
  })
})
