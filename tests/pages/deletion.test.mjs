// A deleted card while it can be undone: its place is kept, whatever happens to the list meanwhile.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { addRecording } from '../e2e/harness/rows.mjs'
import { paged } from './harness/browser.mjs'

const card = (page, title) => page.locator('.card', { hasText: title })
const titles = (page) => page.locator('.card h2').allTextContents()
const loaded = (page, q) => page.waitForResponse((response) => new URL(response.url()).searchParams.get('q') === q)
const remove = async (page, title) => {
  await card(page, title).getByRole('button', { name: 'Delete' }).click()
  await card(page, title).waitFor({ state: 'detached' })
}

paged('A deletion that is not yet sent', {}, (scene) => {
  before(async () => {
    const { stage } = scene
    for (const id of ['one', 'two', 'three', 'four']) {
      await addRecording(stage, id)
      // A row put there by hand is found by its words only when it has been changed.
      assert.equal((await stage.api('PATCH', `/api/recordings/${id}`, { user: 'alice', body: { title: `Recording ${id}.` } })).status, 200)
    }
  })

  test('a card that is taken back comes to its place, whatever went beside it', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    await card(page, 'Recording two.').waitFor()
    const before = await titles(page)
    const [first, second] = before
    for (const title of [first, second]) await remove(page, title)
    assert.equal(await page.evaluate(() => document.activeElement.textContent), before[2], 'the next that is to be seen')
    await page.getByRole('button', { name: 'Undo' }).first().click()
    await card(page, first).waitFor()
    assert.deepEqual(await titles(page), before.filter((title) => title !== second))
    await page.getByRole('button', { name: 'Undo' }).click()
    await card(page, second).waitFor()
    assert.deepEqual(await titles(page), before)
  })

  test('a deleted card stays away when the list is loaded anew, and is there once when it is taken back', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    await card(page, 'Recording two.').waitFor()
    const before = await titles(page)
    await remove(page, 'Recording two.')
    const answer = loaded(page, 'room')
    await page.getByRole('searchbox').fill('room')
    await answer
    await page.waitForTimeout(200)
    assert.deepEqual(await titles(page), before.filter((title) => title !== 'Recording two.'))
    await page.getByRole('button', { name: 'Undo' }).click()
    await card(page, 'Recording two.').waitFor()
    assert.deepEqual(await titles(page), before)
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Recording two.')
    // The only one that is found: the list says that there is nothing, and takes that back.
    await page.getByRole('searchbox').fill('Recording two.')
    await waitFor(async () => (await titles(page)).join() === 'Recording two.')
    await remove(page, 'Recording two.')
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor()
    const again = loaded(page, 'Recording tw')
    await page.getByRole('searchbox').fill('Recording tw')
    await again
    await page.getByRole('heading', { name: 'Nothing found for “Recording tw”' }).waitFor()
    // While another tab is shown it is taken back there, and that tab stays.
    await page.locator('#tab-live').click()
    await page.getByRole('heading', { name: 'Nothing live fits that' }).waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('It is back').waitFor({ state: 'attached' })
    await page.getByRole('heading', { name: 'Nothing live fits that' }).waitFor()
    await page.locator('#tab-recordings').click()
    await waitFor(async () => (await titles(page)).join() === 'Recording two.')
  })

  test('a recording that is being verified is asked for on after its deletion was taken back', async () => {
    const { stage } = scene
    await addRecording(stage, 'fresh', { status: 'processing' })
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    await card(page, 'Recording fresh').getByText('Being verified').waitFor()
    await remove(page, 'Recording fresh')
    await page.waitForTimeout(4_000) // The time of one question.
    await page.keyboard.press('Control+z')
    await card(page, 'Recording fresh').waitFor()
    await stage.sql("UPDATE assets SET status = 'ready' WHERE id = 'fresh'")
    await card(page, 'Recording fresh').getByTitle('Download').waitFor()
    await stage.sql("DELETE FROM assets WHERE id = 'fresh'")
  })

  test('when the server refuses it, the list that was drawn meanwhile has the card back, and whoever types goes on typing', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    const refusal = { success: false, code: 'database_unavailable', message: 'the database did not answer', hint: null, requestId: 'r' }
    await page.route('**/api/recordings/three', (route) => route.fulfill({ status: 503, json: refusal }))
    await remove(page, 'Recording three.')
    const answer = loaded(page, 'recording')
    await page.getByRole('searchbox').fill('recording')
    await answer
    await page.waitForTimeout(200)
    assert.equal(await card(page, 'Recording three.').count(), 0)
    await page.getByText('The database did not answer').first().waitFor()
    assert.equal(await card(page, 'Recording three.').count(), 1)
    assert.equal(await page.evaluate(() => document.activeElement.id), 'search')
  })

  test('when it is sent, a list that is loaded before it is done does not have the card either', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    let answer
    const held = new Promise((resolve) => (answer = resolve))
    await page.route('**/api/recordings/four', async (route) => (await held, route.continue()))
    const sent = page.waitForRequest((request) => request.method() === 'DELETE')
    await remove(page, 'Recording four.')
    await sent
    const again = page.waitForResponse('**/api/recordings?*')
    await page.evaluate(() => dispatchEvent(new Event('online')))
    assert.ok((await (await again).json()).recordings.some(({ id }) => id === 'four'))
    await page.waitForTimeout(200)
    assert.equal(await card(page, 'Recording four.').count(), 0)
    answer()
    await waitFor(async () => (await scene.stage.sql("SELECT id FROM assets WHERE id = 'four' AND status = 'ready'")).length === 0)
    assert.equal(await card(page, 'Recording four.').count(), 0)
  })
})
