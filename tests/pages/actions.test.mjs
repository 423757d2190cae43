// What can be done with a recording on its card: edit, share, delete with a way back. The server's refusals roll it back.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { addRecording } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const clipboard = ['clipboard-read', 'clipboard-write']
const card = (page, title) => page.locator('.card', { hasText: title })
const focused = (page) => page.evaluate(() => document.activeElement.title)
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
    await page.getByText('Changed', { exact: true }).waitFor({ state: 'attached' })
    assert.equal(await focused(page), 'Edit', 'the focus is where it was')
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
    assert.equal(await focused(page), 'Edit', 'the focus is where it was')
    await page.getByRole('button', { name: 'Close' }).first().waitFor()
    await accessible(page)
    await shot(page, 'change-refused')
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
    // The same by the keyboard alone.
    await card(page, 'Recording two').getByRole('button', { name: 'Delete' }).focus()
    await page.keyboard.press('Enter')
    await card(page, 'Recording two').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+z')
    await card(page, 'Recording two').waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Recording two', 'the focus is back on it')
    // Of two, the newest comes back first.
    for (const title of ['Recording two', 'Recording three']) await card(page, title).getByRole('button', { name: 'Delete' }).click()
    await page.keyboard.press('Control+z')
    await card(page, 'Recording three').waitFor()
    assert.equal(await card(page, 'Recording two').count(), 0)
    await page.keyboard.press('Control+z')
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

/** Save and delete, on a card and on the Watch page, down to the bucket. */
paged('The files behind the buttons', {}, (scene) => {
  let made = 0
  async function recorded() {
    const { p, stage } = scene
    made += 1
    const { streamId } = await p.host(`room-${made}`, { title: `Show ${made}`, record: true })
    const { recording } = await p.until(streamId, 'recording')
    await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    return p.ready(recording.egressId)
  }
  const keys = async () => (await scene.p.objects()).map(({ key }) => key)
  const row = async (id) => (await scene.stage.sql('SELECT saved, saved_key FROM assets WHERE id = ?', id))[0]

  for (const [where, address, within] of [
    ['a card', () => '/discover?tab=recordings', (page, { title }) => card(page, title)],
    ['the Watch page', ({ id }) => `/watch/${id}`, (page) => page.locator('.headline')],
  ]) {
    test(`on ${where}, Save makes a lasting copy and Delete leaves nothing`, async () => {
      const recording = await recorded()
      const page = await scene.open(address(recording), { user: 'alice' })
      const place = within(page, recording)
      await place.getByRole('button', { name: 'Save' }).focus()
      await page.keyboard.press('Enter')
      await place.getByText('Saved', { exact: true }).waitFor()
      await page.getByText('no expiry and no clean-up').first().waitFor()
      assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY', 'the button is gone, the focus is not')
      assert.equal(await place.getByRole('button', { name: 'Save' }).count(), 0)
      const { saved, saved_key: copy } = await row(recording.id)
      assert.deepEqual([saved, copy.startsWith('saved/')], [1, true])
      assert.ok((await keys()).includes(copy), copy)
      await accessible(page)
      await shot(page, `saved-on-${where.split(' ').at(-1)}`)
      await place.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: 'Undo' }).waitFor()
      await accessible(page)
      await shot(page, `deleted-on-${where.split(' ').at(-1)}`)
      assert.ok((await keys()).includes(copy), 'still there while it can be undone')
      // The undo's time goes by, which is 7 s.
      await waitFor(async () => (await row(recording.id)) === undefined, 20_000)
      const left = (await keys()).filter((key) => key === copy || key === recording.filename)
      assert.deepEqual(left, [])
    })
  }

  test('a copy that takes long tells how far it is, in words and as a bar', async () => {
    const recording = await recorded()
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    const told = { success: true, id: recording.id, status: 'saving', copiedBytes: 64_000_000, totalBytes: 256_000_000, error: null }
    await page.route('**/save', (route) => route.fulfill({ status: 202, json: told }))
    await card(page, recording.title).getByRole('button', { name: 'Save' }).click()
    await page.getByText('64 MB of 256 MB copied').waitFor()
    assert.equal(await page.getByRole('progressbar').evaluate((bar) => bar.position), 0.25)
    assert.equal(await card(page, recording.title).getByRole('button', { name: 'Save' }).getAttribute('aria-disabled'), 'true')
    await accessible(page)
    await shot(page, 'saving')
    await page.unroute('**/save')
    await card(page, recording.title).getByText('Saved', { exact: true }).waitFor()
  })

  test('leaving the page sends a deletion that was not undone', async () => {
    const recording = await recorded()
    const page = await scene.open('/discover?tab=recordings', { user: 'alice' })
    await card(page, recording.title).getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    await page.goto('about:blank')
    await waitFor(async () => (await row(recording.id)) === undefined)
    assert.ok(!(await keys()).includes(recording.filename))
  })
})
