// Live: what is on the air is a living camera and microphone, muted as its host wants, through lost connections, reloads and
// cables that are pulled.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'
import { devices, goLive, LIVE, MUTED, onAir, pictured, unplug } from './harness/on-air.mjs'

/** The page's clock runs ten times as fast from now on. */
const hurry = (page) => page.evaluate(() => {
  const usual = window.setTimeout
  window.setTimeout = (work, ms, ...more) => usual(work, ms / 10, ...more)
})

paged('Live, its camera and microphone', {}, (scene) => {
  test('who comes back from a lost connection sends a living picture, and is muted as before', async () => {
    const page = await scene.open('/live', { user: 'alice', devices })
    await goLive(page, 'Lost and found')
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
    await page.getByRole('button', { name: 'Mute', exact: true }).click()
    await page.getByRole('button', { name: 'Unmute' }).waitFor()
    await page.evaluate(() => window.rooms.at(-1).drop())
    await page.getByText('Connection lost').waitFor()
    assert.deepEqual(await onAir(page), [])
    await page.getByText('Connection lost').waitFor({ state: 'hidden' })
    assert.deepEqual(await onAir(page), [{ audio: MUTED, video: LIVE }])
    await page.getByRole('button', { name: 'Unmute' }).click()
    await page.getByRole('button', { name: 'Mute', exact: true }).waitFor()
    assert.equal((await onAir(page))[0].audio.muted, false)
  })

  test('a camera that ended while the connection was lost is opened anew, and sent', async () => {
    const page = await scene.open('/live', { user: 'bob', devices })
    await goLive(page, 'Asleep')
    await page.evaluate(() => {
      // What a system that goes to sleep does to it.
      document.querySelector('.stage video').srcObject.getVideoTracks()[0].stop()
      window.rooms.at(-1).drop()
    })
    await page.getByText('Connection lost').waitFor()
    await page.getByText('Connection lost').waitFor({ state: 'hidden' })
    await waitFor(async () => (await onAir(page))[0]?.video?.is === 'live')
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
  })

  test('a reload while live opens camera and microphone once, and they are what is sent', async () => {
    const context = await scene.context({ devices })
    await context.context.addInitScript(() => {
      window.opened = []
      const { mediaDevices } = navigator
      const usual = mediaDevices?.getUserMedia.bind(mediaDevices)
      if (usual) mediaDevices.getUserMedia = async (wanted) => {
        const stream = await usual(wanted)
        window.opened.push(stream)
        // Of two that are asked for at once, one is slower.
        await new Promise((resolve) => setTimeout(resolve, window.opened.length * 400))
        return stream
      }
    })
    const page = await context.go('/live', { user: 'frank' })
    await goLive(page, 'Reloaded')
    await page.reload()
    await page.getByText('Live for').waitFor()
    await page.waitForTimeout(1_000)
    assert.equal(await page.evaluate(() => window.opened.length), 1)
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
  })

  test('a camera that is unplugged is said to be off, opened again by its button and unmuted; the muted microphone is not', async () => {
    const page = await scene.open('/live', { user: 'heidi', devices })
    await goLive(page, 'Pulled')
    await page.getByRole('button', { name: 'Mute', exact: true }).click()
    await page.getByRole('button', { name: 'Unmute' }).waitFor()
    await unplug(page, 'video')
    await page.getByText('Your camera is off.').waitFor()
    assert.equal((await onAir(page))[0].video.muted, true)
    await accessible(page)
    await shot(page, 'live-unplugged')
    await page.getByRole('button', { name: 'Turn on camera', exact: true }).click()
    await page.getByText('Your camera is off.').waitFor({ state: 'hidden' })
    await waitFor(async () => (await onAir(page))[0].video.muted === false)
    assert.deepEqual(await onAir(page), [{ audio: { ...LIVE, muted: true }, video: LIVE }])
  })

  test('in the place of a microphone that is unplugged another one is chosen, and heard', async () => {
    const page = await scene.open('/live', { user: 'ivan', devices })
    await goLive(page, 'Hoarse')
    await unplug(page, 'audio')
    await page.getByText('Your microphone is off.').waitFor()
    await page.getByLabel('Microphone', { exact: true }).selectOption({ index: 1 })
    await page.getByText('Your microphone is off.').waitFor({ state: 'hidden' })
    await waitFor(async () => (await onAir(page))[0].audio.muted === false)
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
  })

  test('who comes back without a camera is heard, and seen as soon as there is one', async () => {
    const page = await scene.open('/live', { user: 'judy', devices })
    await goLive(page, 'By ear')
    await page.evaluate(() => {
      const { mediaDevices } = navigator
      window.usual = mediaDevices.getUserMedia
      mediaDevices.getUserMedia = async () => {
        throw new DOMException('', 'NotReadableError')
      }
    })
    await unplug(page, 'video')
    await page.evaluate(() => window.rooms.at(-1).drop())
    await page.getByText('Connection lost').waitFor()
    await page.getByText('Connection lost').waitFor({ state: 'hidden' })
    assert.deepEqual(await onAir(page), [{ audio: LIVE }])
    await page.getByText('is in use').waitFor()
    await page.evaluate(() => (navigator.mediaDevices.getUserMedia = window.usual))
    await page.getByRole('button', { name: 'Try again' }).click()
    await waitFor(async () => (await onAir(page))[0].video)
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
  })

  test('a page that goes to something else while the browser opens the camera lets go of it', async () => {
    const context = await scene.context({ devices })
    await context.context.addInitScript(() => {
      window.opened = []
      const { mediaDevices } = navigator
      const usual = mediaDevices?.getUserMedia.bind(mediaDevices)
      if (usual) mediaDevices.getUserMedia = async (wanted) => {
        await window.heldCamera
        const stream = await usual(wanted)
        window.opened.push(stream)
        return stream
      }
      window.heldCamera = new Promise((go) => (window.letCamera = go))
    })
    const page = await context.go('/live', { user: 'grace' })
    await page.getByText('The browser asks').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    await page.evaluate(() => window.letCamera())
    await waitFor(() => page.evaluate(() => window.opened.length === 1))
    await waitFor(() => page.evaluate(() => window.opened[0].getTracks().every(({ readyState }) => readyState === 'ended')))
  })

  test('who is asked whether to leave and stays is on the air all along; who leaves, leaves the room', async () => {
    const page = await scene.open('/live', { user: 'carol', devices })
    await goLive(page, 'Staying')
    // The browser asks only who has clicked; the question itself is not what is tested here.
    await page.evaluate(() => dispatchEvent(new Event('beforeunload', { cancelable: true })))
    await page.waitForTimeout(300)
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
    await page.evaluate(() => dispatchEvent(new Event('pagehide')))
    await waitFor(async () => (await onAir(page)).length === 0)
    // Out of the browser's memory it comes back to the room as from any lost connection.
    await waitFor(async () => (await onAir(page))[0]?.video)
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
  })
  test('tries to come back that fail end with one host in the room, who does not send himself off', async () => {
    const page = await scene.open('/live', { user: 'dave', devices })
    await goLive(page, 'Again and again')
    await hurry(page)
    await page.evaluate(() => {
      window.refuseRooms = true
      window.rooms.at(-1).drop()
    })
    await waitFor(() => page.evaluate(() => window.rooms.length >= 3))
    await page.getByText('Connection lost').waitFor()
    await page.evaluate(() => (window.refuseRooms = false))
    await page.getByText('Connection lost').waitFor({ state: 'hidden' })
    // The slowest of the tries would have come by now.
    await page.waitForTimeout(3_500)
    assert.deepEqual(await onAir(page), [{ audio: LIVE, video: LIVE }])
    assert.equal(await page.getByText('You are live in another tab').count(), 0)
    const joined = await page.evaluate(() => window.rooms.filter(({ room }) => room).length)
    assert.equal(joined, 2, 'the first time, and when it came back')
  })

  test('a stream that is ended while its page comes back is not joined again', async () => {
    const page = await scene.open('/live', { user: 'erin', devices })
    await goLive(page, 'Over and out')
    await page.evaluate(() => {
      window.heldRooms = new Promise((go) => (window.letRooms = go))
      window.rooms.at(-1).drop()
    })
    await waitFor(() => page.evaluate(() => window.rooms.length === 2))
    await page.getByRole('button', { name: 'End Stream' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End Stream' }).click()
    await page.getByRole('heading', { name: 'The stream has ended' }).waitFor()
    await page.evaluate(() => window.letRooms())
    await page.waitForTimeout(500)
    assert.deepEqual(await onAir(page), [])
  })
  test('one sees oneself move while it goes live, and after; what cannot go live leaves the form whole', async () => {
    const page = await scene.open('/live', { user: 'kim', devices })
    await pictured(page)
    const moves = async (what) => {
      const at = () => page.evaluate(() => document.querySelector('.stage video')?.currentTime)
      const first = await at()
      await page.waitForTimeout(700)
      assert.ok((await at()) > first, `${what}: ${first}, ${await at()}`)
    }
    await page.evaluate(() => {
      window.heldRooms = new Promise((go) => (window.letRooms = go))
      window.refuseRooms = true
    })
    await page.getByLabel('Title').fill('In the mirror')
    const go = page.getByRole('button', { name: 'Go Live Now' })
    await go.click()
    await waitFor(() => page.evaluate(() => window.rooms?.length === 1))
    await moves('while it connects')
    await page.evaluate(() => window.letRooms())
    await page.getByText('LiveKit cannot be reached').waitFor()
    await moves('after it failed')
    assert.ok(await page.getByLabel('Camera', { exact: true }).isVisible())
    await page.evaluate(() => (window.refuseRooms = false))
    await go.click()
    await page.getByText('Live for').waitFor()
    await moves('when live')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'In the mirror')
  })
})
