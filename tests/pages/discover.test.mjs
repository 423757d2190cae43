// Discover: what a person finds there, in each of its states.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { addRecording, addStream } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const cards = (page) => page.locator('.card')

paged('Discover', {}, (scene) => {
  test('with nothing there yet it says what to do', async () => {
    const page = await scene.open('/discover')
    await page.getByRole('heading', { name: 'No recordings yet' }).waitFor()
    await accessible(page)
    await shot(page, 'discover-empty')
    await page.locator('#tab-live').click()
    await page.getByRole('heading', { name: 'Nobody is live right now' }).waitFor()
    assert.equal(new URL(page.url()).search, '?tab=live')
    await accessible(page)
    await shot(page, 'discover-nobody-live')
  })

  test('while the server thinks, the shapes of cards are there', async () => {
    const page = await (await scene.context()).go('about:blank')
    let answer
    const held = new Promise((resolve) => (answer = resolve))
    await page.route('**/api/recordings?*', async (route) => (await held, route.continue()))
    await page.goto('/discover?tab=recordings')
    await page.locator('.skeletons').waitFor()
    assert.equal(await page.locator('#list').getAttribute('aria-busy'), 'true')
    await accessible(page)
    await shot(page, 'discover-loading')
    answer()
    await page.locator('.skeletons').waitFor({ state: 'detached' })
  })

  test('what is live is shown first, with its viewers, and a recording when it is over', async () => {
    const { stage, p } = scene
    const { streamId } = await p.host('a-room', { title: 'Morning show', record: true })
    await p.viewer('a-room')
    await p.until(streamId, (stream) => stream.status === 'live' && stream.viewerCount === 1)
    const page = await scene.open('/discover')
    await page.getByRole('link', { name: 'Morning show' }).waitFor()
    await page.getByText('1 viewer', { exact: true }).waitFor()
    await accessible(page)
    await shot(page, 'discover-live')
    await p.until(streamId, 'recording')
    await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    await page.locator('#tab-recordings').click()
    await page.getByRole('link', { name: 'Morning show' }).waitFor()
    // Being verified, then ready, without a reload.
    await page.getByTitle('Download').waitFor()
    const [recording] = await p.recordings()
    await page.getByRole('link', { name: 'Morning show' }).click()
    await page.waitForURL(`**/watch/${recording.id}`)
  })

  test('an endless list comes page by page, each once, newest first', async () => {
    const { stage } = scene
    const now = Date.now()
    for (let i = 0; i < 60; i += 1) await addRecording(stage, `many-${i}`, { title: `Number ${i}`, created_at: now + i * 1000 })
    const page = await scene.open('/discover?tab=recordings', { height: 600 })
    await page.getByRole('link', { name: 'Number 59' }).waitFor()
    const before = await cards(page).count()
    assert.ok(before < 60, 'the first page is not everything')
    await waitFor(async () => {
      await page.mouse.wheel(0, 4_000)
      return page.getByRole('link', { name: 'Number 0', exact: true }).isVisible()
    })
    const titles = await page.locator('.card h2').allTextContents()
    assert.equal(new Set(titles).size, titles.length)
    assert.deepEqual(titles.slice(0, 3), ['Number 59', 'Number 58', 'Number 57'])
    await shot(page, 'discover-many')
  })

  test('what is typed is searched for as it is typed, and the address keeps it', async () => {
    const { stage } = scene
    for (const [id, title] of [['many-7', 'Über den Tee'], ['many-8', 'Tea and cake']]) {
      assert.equal((await stage.api('PATCH', `/api/recordings/${id}`, { user: 'alice', body: { title } })).status, 200)
    }
    const page = await scene.open('/discover?tab=recordings')
    await cards(page).first().waitFor()
    const asked = []
    page.on('request', (request) => request.url().includes('q=') && asked.push(request.url()))
    await page.getByRole('searchbox').pressSequentially('uber te', { delay: 20 })
    await waitFor(async () => (await page.locator('.card h2').allTextContents()).join() === 'Über den Tee')
    assert.ok(asked.length <= 3, `asked ${asked.length} times for seven letters`)
    await page.reload()
    await waitFor(async () => (await page.locator('.card h2').allTextContents()).join() === 'Über den Tee')
    assert.equal(await page.getByRole('searchbox').inputValue(), 'uber te')
    await page.getByRole('searchbox').fill('nothing like it')
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor()
    await accessible(page)
    await shot(page, 'discover-nothing-found')
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await waitFor(async () => (await cards(page).count()) > 10)
  })

  test('what a person typed is text in every card, never markup', async () => {
    const { stage } = scene
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>'
    await addRecording(stage, 'evil', { title: evil, room_name: evil, created_at: Date.now() + 900_000 })
    await addStream(stage, 'evil-s', { title: evil, about: evil, room_name: evil, status: 'live', started_at: Date.now(), ended_at: null })
    const page = await scene.open('/discover?tab=recordings')
    await page.getByRole('link', { name: evil }).waitFor()
    await page.locator('#tab-live').click()
    await page.getByRole('link', { name: evil }).waitFor()
    await page.getByText(evil).last().waitFor()
    await shot(page, 'discover-markup-is-text')
    for (const [address, user] of [['/watch/live/evil-s'], ['/watch/evil', 'alice']]) {
      const watched = await scene.open(address, { user })
      await watched.getByRole('heading', { name: evil }).waitFor()
      assert.equal(await watched.locator('main img, main script').count(), 0)
      watched.made.expect(/console/) // The row has no file.
    }
    assert.equal(await page.locator('main img, main script').count(), 0)
    await stage.sql("DELETE FROM assets WHERE id = 'evil'")
    await stage.sql("DELETE FROM live_streams WHERE id = 'evil-s'")
  })

  test('a server that answers with an error is told with its reason, and asked again', async () => {
    const page = await scene.open('/discover?tab=live')
    const body = { success: false, code: 'database_unavailable', message: 'the database did not answer', hint: 'try again', requestId: 'abc-123' }
    await page.route('**/api/recordings?*', (route) => route.fulfill({ status: 503, json: body }))
    await page.locator('#tab-recordings').click()
    await page.getByRole('heading', { name: 'The database did not answer' }).waitFor()
    await page.getByText('abc-123').waitFor()
    await accessible(page)
    await shot(page, 'discover-error')
    await page.unroute('**/api/recordings?*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await cards(page).first().waitFor()
  })

  test('without a network the list stays and a line says why nothing moves', async () => {
    const page = await scene.open('/discover?tab=recordings')
    await cards(page).first().waitFor()
    await page.made.context.setOffline(true)
    await page.getByText('You are offline').waitFor()
    await page.getByRole('searchbox').fill('anything')
    await page.waitForTimeout(500)
    assert.ok((await cards(page).count()) > 0, 'what was there is still there')
    await accessible(page)
    await shot(page, 'discover-offline')
    await page.made.context.setOffline(false)
    await page.getByText('You are offline').waitFor({ state: 'hidden' })
  })

  test('the keyboard alone goes from the top to a recording', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'bob' })
    await cards(page).first().waitFor()
    const focused = () => page.evaluate(() => `${document.activeElement.tagName} ${document.activeElement.textContent.trim() || document.activeElement.id || document.activeElement.ariaLabel}`)
    const way = []
    for (let i = 0; i < 25; i += 1) {
      await page.keyboard.press('Tab')
      way.push(await focused())
      if (await page.evaluate(() => document.activeElement.closest('.card') !== null)) break
    }
    const order = ['Skip to the content', 'livekit-storj', 'Discover', 'Go live', 'Set-up', 'Sign out', 'theme', 'Live now', 'Recordings', 'search', 'mine']
    const found = order.map((text) => way.findIndex((entry) => entry.includes(text)))
    assert.deepEqual(found.filter((at) => at === -1), [], way.join(' → '))
    assert.deepEqual(found, [...found].sort((a, b) => a - b), way.join(' → '))
    await page.keyboard.press('Enter')
    await page.waitForURL('**/watch/*')
  })

})
