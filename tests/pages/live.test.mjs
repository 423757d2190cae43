// Live: from the first look to the link to the recording, and each way it can go wrong.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const devices = ['camera', 'microphone']
const badge = (page, status) => page.locator(`.badge[data-status="${status}"]`).first()
const pictured = (page) => page.waitForFunction(() => document.querySelector('.stage video')?.videoWidth > 0)

/** The picture on a card, once it is drawn. */
const pictureOf = (page, title) => page.waitForFunction(
  (title) => [...document.querySelectorAll('.card')].find((card) => card.textContent.includes(title))?.querySelector('img')?.naturalWidth === 640,
  title,
)

/** Fills the form and goes live, as `user`. */
async function goLive(page, title) {
  await pictured(page)
  await page.getByLabel('Title').fill(title)
  await page.getByRole('button', { name: 'Go Live Now' }).click()
  await page.getByText('Live for').waitFor()
}

async function endStream(page) {
  await page.getByRole('button', { name: 'End Stream' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End Stream' }).click()
}

paged('Live', {}, (scene) => {
  test('who is not signed in is told what to do', async () => {
    const page = await scene.open('/live')
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    await accessible(page)
    await shot(page, 'live-signed-out')
  })

  test('from click to row and object: title, quality, recording, picture, the way to the file', async () => {
    const { stage, p } = scene
    const title = 'Show <img src=x onerror=alert(1)>'
    const page = await scene.open('/live', { user: 'alice', devices })
    await pictured(page)
    await page.getByText('Going live as').getByText('alice').waitFor()
    await page.getByText(/^Recording: about \$\d/).waitFor()
    await accessible(page)
    await shot(page, 'live-form')
    await page.getByLabel('Title').fill(title)
    await page.getByLabel('Quality').selectOption('720p')
    await page.getByLabel('Save to Storj').check()
    await page.getByRole('button', { name: 'Go Live Now' }).click()
    await badge(page, 'recording').waitFor()
    await accessible(page)
    await shot(page, 'live-on-air')
    const [row] = await stage.sql('SELECT * FROM live_streams WHERE title = ?', title)
    assert.deepEqual([row.status, row.record, row.save_to_storj, row.quality, row.owner_id], ['live', 1, 1, '720p', 'alice'])
    // The camera's picture, for the cards of the stream and of its recording.
    const key = await waitFor(async () => (await stage.sql('SELECT thumbnail_key AS key FROM live_streams WHERE id = ?', row.id))[0].key)
    const picture = (await p.objects()).find((object) => object.key === key)
    assert.ok(picture.size > 1_000 && picture.size <= 256 * 1024, `${picture.size} bytes`)
    const discover = await scene.open('/discover?tab=live')
    await pictureOf(discover, title)
    await shot(discover, 'discover-live-picture')
    // The file comes in a moment here; so long the wait is held open.
    let go
    const held = new Promise((resolve) => (go = resolve))
    await page.route('**/api/recordings?streamId=*', async (route) => (await held, route.continue()))
    await endStream(page)
    await page.getByRole('heading', { name: /^The recording is being/ }).waitFor()
    await accessible(page)
    await shot(page, 'live-waiting')
    go()
    await page.getByRole('heading', { name: 'The recording is ready' }).waitFor()
    await accessible(page)
    await shot(page, 'live-done')
    const [asset] = await stage.sql('SELECT * FROM assets WHERE stream_id = ?', row.id)
    assert.deepEqual([asset.status, asset.thumbnail_key], ['ready', key])
    // Save to Storj was chosen: nothing lets it expire, so the file itself lasts.
    assert.deepEqual([asset.saved, asset.expires_at], [1, null])
    assert.ok((await p.objects()).some((object) => object.key === asset.object_key), asset.object_key)
    await page.getByRole('link', { name: /^Watch the recording/ }).click()
    await page.getByRole('heading', { name: title }).waitFor()
    await pictureOf(await scene.open('/discover?tab=recordings'), title)
  })

  test('the badge says what the server says: asked for while live, stopped, and never more than that', async () => {
    const { p } = scene
    await p.faults({ start: 'resource_exhausted' })
    const page = await scene.open('/live', { user: 'bob', devices })
    await pictured(page)
    await page.getByLabel('Record Stream').uncheck()
    assert.equal(await page.getByLabel('Save to Storj').isDisabled(), true)
    await goLive(page, 'Not recorded at first')
    await badge(page, 'none').waitFor()
    await page.getByRole('button', { name: 'Record', exact: true }).click()
    await badge(page, 'requested').waitFor()
    await page.getByText('he limits of the LiveKit project are reached').first().waitFor()
    await shot(page, 'live-no-recorder')
    await accessible(page)
    await p.faults({ reset: true })
    await p.cronAfter(60_000)
    await p.cronAfter(60_000)
    await badge(page, 'recording').waitFor()
    await page.getByRole('button', { name: 'Stop recording' }).click()
    await badge(page, 'complete').waitFor()
    await endStream(page)
    await page.getByRole('heading', { name: 'The recording is ready' }).waitFor()
  })

  test('a reload comes back to the running stream; a second tab is told; taking over sends the first one off', async () => {
    const { stage, p } = scene
    const page = await scene.open('/live', { user: 'carol', devices })
    await goLive(page, 'Long show')
    await page.reload()
    assert.equal(page.made.askedToStay, 1, 'leaving would end the broadcast, so the browser asks')
    await page.getByText('Live for').waitFor()
    const streams = await stage.sql("SELECT id, status FROM live_streams WHERE owner_id = 'carol'")
    assert.deepEqual(streams.map(({ status }) => status), ['live'])
    const second = await page.made.go('/live')
    await second.getByRole('heading', { name: 'You are live in another tab' }).waitFor()
    await accessible(second)
    await shot(second, 'live-elsewhere')
    // LiveKit tells the first one when the same person comes in by the second; the stand-in of its client is told by hand.
    await second.getByRole('button', { name: 'Go on here' }).click()
    await page.evaluate(() => window.rooms.at(-1).drop(2))
    await page.getByRole('heading', { name: 'You are live in another tab' }).waitFor()
    await second.getByText('Live for').waitFor()
    await endStream(second)
    await p.until(streams[0].id, (stream) => stream.status === 'ended', 'carol')
  })

  test('a lost connection is said, and come back from; a stream ended elsewhere is over here too', async () => {
    const { stage } = scene
    const page = await scene.open('/live', { user: 'dave', devices })
    await goLive(page, 'Shaky')
    await page.evaluate(() => window.rooms.at(-1).emit('reconnecting'))
    await page.getByText('Reconnecting…').waitFor()
    await shot(page, 'live-reconnecting')
    await page.evaluate(() => window.rooms.at(-1).emit('reconnected'))
    await page.getByText('Reconnecting…').waitFor({ state: 'hidden' })
    await page.evaluate(() => window.rooms.at(-1).drop())
    await page.getByText('Connection lost').waitFor()
    await waitFor(() => page.evaluate(() => window.rooms.length === 2))
    await page.getByText('Connection lost').waitFor({ state: 'hidden' })
    const [{ id }] = await stage.sql("SELECT id FROM live_streams WHERE owner_id = 'dave'")
    await stage.api('POST', `/api/streams/${id}/end`, { user: 'dave' })
    await page.getByRole('heading', { name: /being finished|being verified|is ready|no recording/ }).waitFor()
  })

  test('LiveKit out of reach: said under the button, and no stream is left behind', async () => {
    const { stage } = scene
    const page = await scene.open('/live', { user: 'erin', devices })
    await pictured(page)
    await page.evaluate(() => (window.refuseRooms = true))
    await page.getByLabel('Title').fill('Nobody hears')
    await page.getByRole('button', { name: 'Go Live Now' }).click()
    await page.getByText('LiveKit cannot be reached').waitFor()
    assert.equal(await page.getByLabel('Title').inputValue(), 'Nobody hears')
    const rows = await stage.sql("SELECT status FROM live_streams WHERE owner_id = 'erin'")
    assert.deepEqual(rows.map(({ status }) => status), ['ended'])
  })

  test('a camera that is refused, in use or not there is said with what to do', async () => {
    const refused = await scene.open('/live', { user: 'alice' })
    await refused.getByRole('button', { name: 'Turn on camera' }).click()
    await refused.getByText('does not let this page use camera').waitFor()
    await accessible(refused)
    await shot(refused, 'live-refused')
    for (const [error, text] of [['NotReadableError', 'in use'], ['NotFoundError', 'No camera or microphone was found']]) {
      const context = await scene.context({ devices })
      await context.context.addInitScript((name) => {
        if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async ({ video }) => {
          if (video) throw new DOMException('', name)
          return new AudioContext().createMediaStreamDestination().stream
        }
      }, error)
      const page = await context.go('/live', { user: 'alice' })
      await page.getByText(text).waitFor()
      await accessible(page, error)
      await page.getByRole('button', { name: 'Sound only' }).click()
      await page.getByText('Sound only', { exact: true }).waitFor()
    }
  })

  test('the keyboard alone goes live and ends it', async () => {
    const page = await scene.open('/live', { user: 'frank', devices })
    await pictured(page)
    const to = async (name) => {
      for (let i = 0; i < 40; i += 1) {
        const at = await page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim())
        if (at === name) return
        await page.keyboard.press('Tab')
      }
      assert.fail(`Tab never came to ${name}`)
    }
    await to('title')
    await page.keyboard.type('By keys')
    await to('record')
    await page.keyboard.press('Space')
    await to('Go Live Now')
    await page.keyboard.press('Enter')
    await page.getByText('Live for').waitFor()
    await to('End Stream')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await to('End Stream')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The stream has ended' }).waitFor()
    assert.match(await page.evaluate(() => document.activeElement.textContent), /The stream has ended/)
  })
})
