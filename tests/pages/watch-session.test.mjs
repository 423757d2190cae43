// Watch: what is watched goes on when a session ends or is renewed, and is drawn anew for another person only.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { waitFor } from '../e2e/harness/harness.mjs'
import { paged } from './harness/browser.mjs'

const ready = (page) => page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
/** The very element, so that one drawn anew is noticed. */
const mark = (page) => page.evaluate(() => (document.querySelector('video').dataset.mark = 'first'))
const marked = (page) => page.evaluate(() => document.querySelector('video')?.dataset.mark === 'first')
/** Another session comes by the address, as `npm run dev`'s link has it. */
const become = (page, token) => page.evaluate((token) => void (location.hash = `demo=1&access_token=${token}`), token)
const who = (page) => page.locator('#account')
const ended = { status: 401, json: { code: 'token_expired', message: 'the session is over' } }

paged('Watch, while sessions come and go', {}, (scene) => {
  let recording
  before(async () => {
    const { stage, p } = scene
    const { streamId } = await p.host('a-room', { title: 'A long talk', record: true })
    await p.until(streamId, 'recording')
    const { body } = await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    recording = await p.ready(body.recording.egressId)
  })

  test('a session that ends takes no recording away: its URL is renewed by nobody, at the same place', async () => {
    const page = await (await scene.context()).go('/discover?tab=live', { user: 'bob' })
    const asked = []
    await page.route('**/playback', async (route) => {
      asked.push(Boolean(await route.request().headerValue('authorization')))
      if (asked.length === 2) return route.fulfill(ended)
      const response = await route.fetch()
      const body = await response.json()
      if (asked.length === 1) body.expiresAt = new Date(Date.now() + 63_000).toISOString()
      return route.fulfill({ response, json: { ...body, url: `${body.url}#${asked.length}` } })
    })
    await page.goto(`/watch/${recording.id}`)
    await ready(page)
    await mark(page)
    await page.evaluate(() => (document.querySelector('video').currentTime = 4))
    await who(page).getByText('bob').waitFor({ state: 'detached' })
    await waitFor(() => page.evaluate(() => document.querySelector('video').src.endsWith('#3')))
    assert.deepEqual(asked, [true, true, false])
    await waitFor(() => page.evaluate(() => Math.abs(document.querySelector('video').currentTime - 4) < 0.1))
    assert.ok(await marked(page))
  })

  test('a renewed session changes nothing, another person\'s draws anew, and who signs out has left', async () => {
    const { stage } = scene
    const page = await scene.open(`/watch/${recording.id}`, { user: 'alice' })
    await ready(page)
    await mark(page)
    await become(page, stage.token('alice'))
    await page.waitForTimeout(500)
    assert.ok(await marked(page))
    await become(page, stage.token('bob'))
    await who(page).getByText('bob').waitFor()
    await waitFor(async () => !(await marked(page)))
    await ready(page)
    await stage.sql("UPDATE assets SET visibility = 'private' WHERE id = ?", recording.id)
    await become(page, stage.token('alice'))
    await who(page).getByText('alice').waitFor()
    await ready(page)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('There is no such recording').waitFor()
    await stage.sql("UPDATE assets SET visibility = 'public' WHERE id = ?", recording.id)
  })

  test('who watches live stays in the room when the session ends', async () => {
    const { p } = scene
    const { streamId } = await p.host('on-and-on', { title: 'On and on' })
    await p.until(streamId, (stream) => stream.status === 'live')
    const page = await scene.open(`/watch/live/${streamId}`, { user: 'bob' })
    await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0)
    await mark(page)
    await page.route(`**/api/streams/${streamId}`, (route) => route.fulfill(ended), { times: 1 })
    await who(page).getByText('bob').waitFor({ state: 'detached' })
    await page.waitForTimeout(500)
    assert.deepEqual(await page.evaluate(() => window.rooms.map(({ state }) => state)), ['connected'])
    assert.ok(await marked(page))
  })

  test('who signs out in another tab has left here too, though here the session had ended before', async () => {
    const { p } = scene
    const { streamId } = await p.host('two-tabs', { title: 'Two tabs' })
    await p.until(streamId, (stream) => stream.status === 'live')
    const context = await scene.context()
    const page = await context.go(`/watch/live/${streamId}`, { user: 'alice' })
    await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0)
    await mark(page)
    const other = await context.context.newPage()
    await other.goto('/setup')
    await who(other).getByText('alice').waitFor()
    await page.route(`**/api/streams/${streamId}`, (route) => route.fulfill(ended), { times: 1 })
    await who(page).getByText('alice').waitFor({ state: 'detached' })
    assert.ok(await marked(page))
    await other.getByRole('button', { name: 'Sign out' }).click()
    await waitFor(async () => !(await marked(page)))
  })
})
