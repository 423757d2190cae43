// The pictures of cards: the one that was put, and a drawn one wherever there is none or it does not come.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { bucket } from '../e2e/harness/harness.mjs'
import { addRecording, addStream } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'pictures-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const card = (page, id) => page.locator(`.card[data-id="${id}"]`)

/** That card shows a drawn picture, over its whole place and in colours, and its corners; answers the colours. */
async function drawn(page, id) {
  const thumb = card(page, id).locator('.thumb')
  await thumb.locator('.drawn').waitFor()
  await thumb.locator('.glyph').waitFor()
  assert.deepEqual([await thumb.locator('.drawn').count(), await thumb.locator('.glyph').count(), await thumb.locator('img').count()], [1, 1, 0], id)
  assert.ok(await thumb.locator('.corner').last().isVisible(), id)
  const [place, whole] = [await thumb.locator('.drawn').boundingBox(), await thumb.boundingBox()]
  assert.deepEqual(place, whole, id)
  assert.ok(Math.abs(whole.width / whole.height - 16 / 9) < 0.05, `${id}: ${whole.width} by ${whole.height}`)
  const colours = await thumb.locator('.drawn').evaluate((element) => getComputedStyle(element).backgroundImage)
  assert.match(colours, /^linear-gradient\(.*rgb.*rgb/, id)
  return colours
}

paged('Pictures', { devstackArgs: ['--s3-dir', folder] }, (scene) => {
  const list = '/discover?tab=recordings'

  /** Puts a picture of that recording; a real one unless bytes are given. Answers its file. */
  async function put(page, id, bytes) {
    const { stage } = scene
    const real = await page.evaluate(() => document.createElement('canvas').toDataURL('image/jpeg'))
    const body = bytes ?? Buffer.from(real.split(',')[1], 'base64')
    const answer = await stage.api('PUT', `/api/recordings/${id}/thumbnail`, { user: 'alice', body, headers: { 'content-type': 'image/jpeg' } })
    assert.equal(answer.status, 200, answer.text)
    const [{ key }] = await stage.sql('SELECT thumbnail_key AS key FROM assets WHERE id = ?', id)
    return path.join(folder, bucket, key)
  }

  test('what has no picture has a drawn one, each in colours of its own that stay', async () => {
    const { stage } = scene
    const now = Date.now()
    const ids = ['r1', 'r2', 'r3']
    for (const [n, id] of ids.entries()) await addRecording(stage, id, { created_at: now + n })
    await addStream(stage, 's1', { status: 'live', started_at: now })
    const page = await scene.open(list)
    const colours = []
    for (const id of ids) colours.push(await drawn(page, id))
    assert.equal(new Set(colours).size, 3, colours.join('\n'))
    assert.ok(!page.made.requests.some((request) => request.url().includes('/thumbnail')), 'nothing is asked for')
    await accessible(page)
    await shot(page, 'pictures-drawn')
    await page.reload()
    assert.equal(await drawn(page, 'r1'), colours[0])
    await page.locator('#tab-live').click()
    await drawn(page, 's1')
  })

  test('a picture whose object is gone, or that is none, gives way to a drawn one; one that is there is shown', async () => {
    const now = Date.now()
    for (const [n, id] of ['here', 'gone', 'spoilt'].entries()) await addRecording(scene.stage, id, { created_at: now + 1_000 + n })
    const first = await scene.open(list)
    await drawn(first, 'here')
    await put(first, 'here')
    await put(first, 'spoilt', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(1_000, 7)]))
    const file = await put(first, 'gone')
    const shown = (page, id) => page.waitForFunction((id) => document.querySelector(`.card[data-id="${id}"] img`)?.naturalWidth > 0, id)
    await first.reload()
    await shown(first, 'here')
    await shown(first, 'gone')
    assert.equal(await card(first, 'here').locator('.drawn').count(), 0)
    await rm(file)
    // Another browser: the first one may still have the picture.
    const page = await scene.open(list)
    await shown(page, 'here')
    await drawn(page, 'gone')
    await drawn(page, 'spoilt')
    await accessible(page)
    await shot(page, 'pictures-not-there')
  })
})
