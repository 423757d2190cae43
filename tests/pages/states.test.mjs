// What each page shows while the server thinks, when it fails and when it is out of reach; and that no text of anybody's
// becomes markup anywhere.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { addJob, addRecording, addStream } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const evil = '<img src=x onerror=alert(1)>'
const devices = ['camera', 'microphone']

/** Each page with what it asks first. */
const PAGES = [
  ['discover', '/discover?tab=recordings', '**/api/recordings?*'],
  ['discover-live', '/discover?tab=live', '**/api/streams?*'],
  ['watch', '/watch/one', '**/api/recordings/one'],
  ['watch-live', '/watch/live/s1', '**/api/streams/s1'],
  ['live', '/live', '**/api/streams?mine=true*'],
  ['setup', '/setup', '**/healthz'],
]

paged('Every page', {}, (scene) => {
  before(async () => {
    await addRecording(scene.stage, 'one')
    await addStream(scene.stage, 's1', { status: 'ended', ended_at: Date.now() })
  })
  const refusal = { success: false, code: 'database_unavailable', message: `the database did not answer ${evil}`, hint: `try again ${evil}`, requestId: evil }
  const opened = async () => (await scene.context({ devices })).go('/discover?tab=live', { admin: true })

  for (const [name, address, first] of PAGES) {
    test(`${name}: the server fails, with its reason, and is asked again`, async () => {
      const page = await opened()
      await page.route(first, (route) => route.fulfill({ status: 503, json: refusal }))
      await page.goto(address)
      if (name === 'setup') await page.getByRole('heading', { name: 'The server does not tell how it is' }).waitFor()
      else {
        await page.getByRole('heading', { name: `The database did not answer ${evil}` }).waitFor()
        await page.locator('code', { hasText: evil }).waitFor()
      }
      assert.equal(await page.locator('main img').count(), 0)
      await accessible(page)
      await shot(page, `${name}-fails`)
      await page.unroute(first)
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('button', { name: 'Try again' }).waitFor({ state: 'detached' })
      page.made.expect(/console/) // The row has no file.
    })

    test(`${name}: the server is out of reach`, async () => {
      const page = await opened()
      await page.route(first, (route) => route.abort())
      await page.goto(address)
      await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor()
      await accessible(page)
      await shot(page, `${name}-unreachable`)
    })

    test(`${name}: the server takes long`, async () => {
      const page = await opened()
      let answer
      const held = new Promise((resolve) => (answer = resolve))
      await page.route(first, async (route) => (await held, route.continue().catch(() => {})))
      await page.goto(address)
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'attached' })
      await page.waitForTimeout(300)
      await accessible(page)
      await shot(page, `${name}-loading`)
      answer()
      await page.locator('main > [aria-busy=false], main [aria-busy=false]').first().waitFor({ state: 'attached' })
      page.made.expect(/console/) // The row has no file.
    })
  }

  test('with twice the text, and in the system\'s few colours, nothing is cut off or lost', async () => {
    for (const [name, address] of PAGES) {
      const page = await (await scene.context({ devices, width: 640 })).go('/discover?tab=live', { admin: true })
      await page.goto(address)
      await page.locator('#main [aria-busy=false]').first().waitFor({ state: 'attached' })
      await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
      await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
      await page.waitForTimeout(300)
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 640, name)
      await shot(page, `${name}-large`, { phone: false })
      page.made.expect(/console/) // The row has no file.
    }
  })

  test('an address that is none says so, and where to go', async () => {
    const page = await scene.open('/nothing/here')
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
    await accessible(page)
    await shot(page, 'nowhere')
    await page.getByRole('link', { name: 'See what there is' }).click()
    await page.waitForURL('**/discover')
  })
})

paged('Text of people\'s, LiveKit\'s and Storj\'s', {}, (scene) => {
  test('stays text on every page and in every field', async () => {
    const { stage } = scene
    await addStream(stage, 's', { title: evil, about: evil, room_name: evil, status: 'ended', ended_at: Date.now(), owner_id: evil, ended_by: 'owner', wish_error: evil, unique_viewers: 3, peak_viewers: 2 })
    await addJob(stage, 's', { error: evil, room_name: evil, status: 'failed', ended_at: Date.now(), owner_id: evil })
    for (const part of [1, 2]) await addRecording(stage, `r${part}`, { title: evil, room_name: evil, stream_id: 's', part, owner_id: evil })
    await addStream(stage, 'l', { title: evil, about: evil, room_name: `${evil}2`, status: 'live', started_at: Date.now(), owner_id: evil })
    for (const [address, opening] of [
      ['/discover?tab=recordings'],
      [`/discover?tab=recordings&q=${encodeURIComponent(evil)}`],
      ['/discover?tab=live'],
      ['/watch/r1', 'What happened'],
      ['/watch/live/s', 'What happened'],
      ['/live'],
      ['/setup'],
    ]) {
      const page = await scene.open(address, { user: evil, admin: true, devices })
      await page.locator('.who', { hasText: evil }).waitFor()
      await page.locator('#main [aria-busy=false], #main[aria-busy=false]').first().waitFor({ state: 'attached' })
      if (opening) {
        await page.getByText(opening, { exact: true }).click()
        await page.locator('.timeline li').first().waitFor()
      }
      if (address === '/setup') {
        await page.getByLabel('Recording or stream').selectOption('/api/streams/s/why')
        await page.locator('.timeline').getByText(evil).first().waitFor()
      }
      if (address === '/live') await page.getByText('You have a stream that is live').waitFor()
      await page.locator('main').getByText(evil).first().waitFor({ state: 'attached' })
      await page.waitForTimeout(200)
      assert.equal(await page.locator('img[src=x], main script').count(), 0, address)
      page.made.expect(/console/) // The rows have no files.
    }
  })
})
