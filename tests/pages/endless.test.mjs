// The lists of Discover when answers come late, or empty, or not at all, and while somebody types.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { addRecording } from '../e2e/harness/rows.mjs'
import { paged } from './harness/browser.mjs'

const cards = (page) => page.locator('.card')
const titles = (page) => page.locator('.card h2').allTextContents()
const focused = (page) => page.evaluate(() => document.activeElement.textContent)
const down = (page) => page.evaluate(() => scrollTo(0, document.body.scrollHeight))
const settled = (page) => waitFor(async () => (await page.locator('#list').getAttribute('aria-busy')) === 'false')

/** Holds all answers with recordings, until the function that comes back is called. */
async function hold(page) {
  let answer
  const held = new Promise((resolve) => (answer = resolve))
  await page.route('**/api/recordings?*', async (route) => (await held, route.continue().catch(() => {}))) // It was given up.
  return answer
}

paged('The lists of Discover', {}, (scene) => {
  before(async () => {
    const now = Date.now()
    for (let i = 0; i < 60; i += 1) await addRecording(scene.stage, `many-${i}`, { title: `Number ${i}`, created_at: now + i * 1000 })
  })

  test('nothing that draws the list writes over what is being typed', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'bob' })
    await cards(page).first().waitFor()
    const field = page.getByRole('searchbox')
    const searched = (q) => waitFor(() => new URL(page.url()).searchParams.get('q') === q)
    // A pause behind a word: the search goes off, the space stays.
    await field.pressSequentially('tea ')
    await searched('tea')
    await page.waitForTimeout(300)
    await field.pressSequentially('and')
    assert.equal(await field.inputValue(), 'tea and')
    await searched('tea and')
    // Half a word, and in the same moment something else.
    for (const [what, happens] of [
      ['the network is back', () => dispatchEvent(new Event('online'))],
      ['another tab is chosen', () => document.getElementById('tab-recordings').click()],
      ['only one\'s own are wanted', () => document.getElementById('mine').click()],
      ['and no longer', () => document.getElementById('mine').click()],
      ['the session is over', () => document.querySelector('#account button').click()],
    ]) {
      const text = `${what} t`
      await field.fill('')
      await searched(null)
      const stands = await page.evaluate(([text, happens]) => {
        const search = document.getElementById('search')
        search.value = text
        search.dispatchEvent(new Event('input'))
        new Function(`(${happens})()`)()
        return search.value
      }, [text, String(happens)])
      assert.equal(stands, text)
      await searched(text)
      assert.equal(await field.inputValue(), text)
    }
    // The address is the judge when somebody goes back.
    await page.goBack()
    await waitFor(async () => (await field.inputValue()) === (new URL(page.url()).searchParams.get('q') ?? ''))
  })

  test('an answer that comes late does not draw over the tab that was chosen since', async () => {
    const page = await (await scene.context()).go('about:blank')
    const answer = await hold(page)
    await page.goto('/discover?tab=recordings')
    await page.locator('.skeletons').waitFor()
    await page.locator('#tab-live').click()
    await page.getByRole('heading', { name: 'Nobody is live right now' }).waitFor()
    answer()
    await page.waitForTimeout(500)
    assert.equal(await cards(page).count(), 0)
    await page.getByRole('heading', { name: 'Nobody is live right now' }).waitFor()
    // What says it stays when the list is asked for again, and so does the focus.
    await page.getByRole('link', { name: 'Recordings' }).last().focus()
    const again = page.waitForResponse('**/api/streams?*limit=24*')
    await page.evaluate(() => dispatchEvent(new Event('online')))
    await again
    await settled(page)
    assert.equal(await focused(page), 'Recordings')
  })

  test('one\'s own are not drawn when the session is over before they come', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    await cards(page).first().waitFor()
    const answer = await hold(page)
    await page.getByLabel('Mine only').check()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    answer()
    await page.waitForTimeout(500)
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    assert.equal(await cards(page).count(), 0)
  })

  test('when no more comes it is asked for once, and then by the button, which does not lose the focus', async () => {
    const page = await scene.open('/discover?tab=recordings', { height: 600 })
    await cards(page).first().waitFor()
    let asked = 0
    await page.route(/recordings\?.*cursor=/, (route) => ((asked += 1), route.abort()))
    await down(page)
    await page.getByText('The server cannot be reached').waitFor()
    await page.waitForTimeout(1_000)
    assert.equal(asked, 1)
    const more = page.getByRole('button', { name: 'More' })
    await more.focus()
    await page.keyboard.press('Enter')
    await waitFor(() => asked === 2)
    await page.unroute(/recordings\?.*cursor=/)
    await waitFor(async () => (await more.getAttribute('aria-disabled')) === null)
    const before = await titles(page)
    await page.keyboard.press('Enter')
    await waitFor(async () => (await cards(page).count()) > before.length)
    await page.getByText('The server cannot be reached').waitFor({ state: 'hidden' })
    // To the end: the button goes with the last page.
    await waitFor(async () => (await down(page), more.isHidden()))
    assert.ok((await titles(page)).slice(before.length).includes(await focused(page)), 'the focus is on a card that came')
  })

  test('a page with nothing in it is not the end, and what is there stays until something comes', async () => {
    const page = await scene.open('/discover?tab=recordings')
    await cards(page).first().waitFor()
    const before = await titles(page)
    const answers = (handle) => page.route('**/api/recordings?*q=*', handle)
    const none = (nextCursor) => ({ json: { success: true, recordings: [], nextCursor } })
    const isMore = (route) => route.request().url().includes('cursor=')
    await answers((route) => (isMore(route) ? route.abort() : route.fulfill(none('further'))))
    const failed = page.waitForEvent('requestfailed')
    await page.getByRole('searchbox').fill('Number')
    await failed
    await settled(page)
    assert.deepEqual(await titles(page), before)
    await page.unroute('**/api/recordings?*q=*')
    let pages = 0
    await answers((route) => ((pages += 1) <= 3 ? route.fulfill(none(`further-${pages}`)) : route.fulfill(none(null))))
    await page.getByRole('searchbox').fill('Numb')
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor()
    assert.equal(pages, 4)
  })

  test('what says that there is nothing stays while it is asked again, however long that takes', async () => {
    const page = await scene.open('/discover?tab=live')
    await page.getByRole('heading', { name: 'Nobody is live right now' }).waitFor()
    let answer
    const held = new Promise((resolve) => (answer = resolve))
    await page.route('**/api/streams?*', async (route) => (await held, route.continue()))
    await page.evaluate(() => dispatchEvent(new Event('online')))
    await waitFor(async () => (await page.locator('#list').getAttribute('aria-busy')) === 'true')
    await page.waitForTimeout(500)
    assert.equal(await page.locator('.skeletons').count(), 0)
    assert.ok(await page.getByRole('heading', { name: 'Nobody is live right now' }).isVisible())
    answer()
    await settled(page)
    assert.ok(await page.getByRole('heading', { name: 'Nobody is live right now' }).isVisible())
  })
})
