// What can be done with a recording on its card: edit, share, delete with a way back. The server's refusals roll it back.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { addRecording } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const clipboard = ['clipboard-read', 'clipboard-write']
const card = (page, title) => page.locator('.card', { hasText: title })
const copied = (page) => page.evaluate(() => navigator.clipboard.readText())

paged('A recording of one\'s own', {}, (scene) => {
  before(async () => {
    for (const id of ['one', 'two', 'three']) await addRecording(scene.stage, id)
    await addRecording(scene.stage, 'private', { visibility: 'private' })
  })

  test('others see what can be played and shared, and nothing that changes it', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'bob' })
    await card(page, 'Recording one').waitFor()
    assert.deepEqual(await card(page, 'Recording one').getByRole('button').evaluateAll((all) => all.map((one) => one.title)), ['Download', 'Share'])
    assert.equal(await card(page, 'Recording private').count(), 0)
  })

  test('title and visibility are changed in a dialog, by the keyboard, and stand in the database', async () => {
    const { stage } = scene
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    await card(page, 'Recording one').getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('dialog', { name: 'Edit recording' }).waitFor()
    await accessible(page)
    await shot(page, 'dialog-edit')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('Renamed <b>here</b>')
    await page.getByLabel('Public').uncheck()
    await page.getByLabel('Title', { exact: true }).press('Enter')
    await card(page, 'Renamed <b>here</b>').getByText('Private').waitFor()
    await waitFor(async () => {
      const [row] = await stage.sql("SELECT title, visibility FROM assets WHERE id = 'one'")
      return row.title === 'Renamed <b>here</b>' && row.visibility === 'private'
    })
  })

  test('a change that the server refuses is taken back, and said', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    const refusal = { success: false, code: 'database_unavailable', message: 'the database did not answer', hint: 'try again', requestId: 'r' }
    await page.route('**/api/recordings/two', (route) => route.fulfill({ status: 503, json: refusal }))
    await card(page, 'Recording two').getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Title', { exact: true }).fill('Never')
    await page.getByLabel('Title', { exact: true }).press('Enter')
    await page.getByText('The database did not answer').first().waitFor()
    await card(page, 'Recording two').waitFor()
    assert.equal(await card(page, 'Never').count(), 0)
  })

  test('a link is copied; of a private one it is asked first', async () => {
    const { stage } = scene
    const page = await scene.open('/discover?tab=recordings', { user: 'alice', devices: clipboard })
    await card(page, 'Recording two').getByRole('button', { name: 'Share' }).click()
    await page.getByText('The link is copied.').first().waitFor()
    assert.equal(await copied(page), `${stage.worker}/watch/two`)
    await card(page, 'Recording private').getByRole('button', { name: 'Share' }).click()
    await page.getByRole('dialog', { name: 'This recording is private' }).waitFor()
    await accessible(page)
    await shot(page, 'dialog-share')
    await page.getByRole('button', { name: 'Cancel' }).click()
    const visibility = async () => (await stage.sql("SELECT visibility FROM assets WHERE id = 'private'"))[0].visibility
    assert.equal(await visibility(), 'private')
    await card(page, 'Recording private').getByRole('button', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Make public and copy' }).click()
    await waitFor(async () => (await visibility()) === 'public')
    await waitFor(async () => (await copied(page)).endsWith('/watch/private'))
  })

  test('a deletion is nothing but hidden while it can be undone', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    const sent = []
    page.on('request', (request) => request.method() === 'DELETE' && sent.push(request.url()))
    await card(page, 'Recording two').getByRole('button', { name: 'Delete' }).click()
    await card(page, 'Recording two').waitFor({ state: 'detached' })
    assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY', 'the focus has a place')
    await shot(page, 'deleted-undo')
    await accessible(page)
    await page.getByRole('button', { name: 'Undo' }).click()
    await card(page, 'Recording two').waitFor()
    await page.reload()
    await card(page, 'Recording two').waitFor()
    assert.deepEqual(sent, [])
  })

  test('a deletion that the server refuses puts the card back', async () => {
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    const refusal = { success: false, code: 'database_unavailable', message: 'the database did not answer', hint: null, requestId: 'r' }
    await page.route('**/api/recordings/three', (route) => route.fulfill({ status: 503, json: refusal }))
    await card(page, 'Recording three').getByRole('button', { name: 'Delete' }).click()
    await card(page, 'Recording three').waitFor({ state: 'detached' })
    await card(page, 'Recording three').waitFor()
    await page.getByText('The database did not answer').first().waitFor()
  })
})
