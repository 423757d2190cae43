// Set-up: for administrators, and honest to everybody else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addRecording } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const evil = '<img src=x onerror=alert(1)>'

paged('Set-up', {}, (scene) => {
  test('without signing in it tells how the Worker is, and that the rest is for administrators', async () => {
    const page = await scene.open('/setup')
    await page.getByRole('heading', { name: 'The Worker is well' }).waitFor()
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    await accessible(page)
    await shot(page, 'setup-signed-out')
  })

  test('who is no administrator is told which id to add', async () => {
    const page = await scene.open('/setup', { user: 'alice' })
    await page.getByRole('heading', { name: 'This is for administrators' }).waitFor()
    await page.getByText('alice', { exact: true }).last().waitFor()
    await accessible(page)
    await shot(page, 'setup-no-admin')
  })

  test('an administrator copies the address of the webhook', async () => {
    const page = await scene.open('/setup', { admin: true, devices: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByText('The address is copied.').first().waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${scene.stage.worker}/livekit-webhook`)
    await accessible(page)
  })

  test('the checks are a list with what is wrong first, each with its remedy, and are made again', async () => {
    const { p } = scene
    const page = await scene.open('/setup', { admin: true })
    const lines = page.locator('.check-line')
    const line = (name) => lines.filter({ hasText: name })
    await lines.first().waitFor()
    assert.match(await lines.first().textContent(), /Wrong/)
    assert.match(await line('webhooks_seen').textContent(), /^Wrong.*No webhook of LiveKit's has ever come.*Settings → Webhooks → Add/)
    assert.match(await line('livekit_key').textContent(), /^Good.*LiveKit takes key and secret/)
    assert.match(await page.getByText(/things? (is|are) wrong/).first().textContent(), /^\d things? (is|are) wrong\.$/)
    await accessible(page)
    await shot(page, 'setup-checks')
    await p.stranger('a-room', 'zoe')
    await scene.stage.cron()
    await page.getByRole('button', { name: 'Check again' }).click()
    await line('webhooks_seen').getByText('Good').waitFor()
    await page.getByText('Everything that can be tried from here works.').first().waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Check again')
    await accessible(page)
    await shot(page, 'setup-well')
  })

  test('a webhook is signed by the Worker, sent by the page, and told what became of it', async () => {
    const { stage } = scene
    const page = await scene.open('/setup', { admin: true })
    const tests = () => stage.sql("SELECT count(*) AS n FROM webhook_events WHERE event = 'webhook_test'")
    const [{ n: before }] = await tests()
    await page.locator('.check-line').first().waitFor()
    await page.getByRole('button', { name: 'Send a test webhook' }).click()
    await page.getByText(/^200 after \d+ ms$/).waitFor()
    await page.getByText('The Worker took it').first().waitFor()
    await page.getByText('"webhook_test"').waitFor()
    assert.equal((await tests())[0].n, before + 1)
    // The panel above tells of it at once.
    assert.match(await page.locator('dl.pairs').first().textContent(), /Last webhook(just now|\d seconds ago)/)
    await accessible(page)
    await shot(page, 'setup-webhook')
    await page.route('**/livekit-webhook', (route) => route.continue({ postData: '{}' }))
    await page.getByRole('button', { name: 'Send a test webhook' }).click()
    await page.getByText(/^401 after \d+ ms$/).waitFor()
    await page.getByText('body altered').waitFor()
    await accessible(page)
    await shot(page, 'setup-webhook-refused')
  })

  test('where PUBLIC_URL is another address, a webhook is tried from there: the page may reach no other than its own', async () => {
    const page = await scene.open('/setup', { admin: true })
    await page.route('**/api/doctor/webhook', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), url: 'https://recordings.example/livekit-webhook' } })
    })
    const sent = []
    page.on('request', (request) => request.url().includes('livekit-webhook') && sent.push(request.url()))
    await page.locator('.check-line').first().waitFor()
    await page.getByRole('button', { name: 'Send a test webhook' }).click()
    await page.getByText('PUBLIC_URL names another address').waitFor()
    assert.equal(await page.getByRole('link', { name: 'https://recordings.example/setup' }).getAttribute('href'), 'https://recordings.example/setup')
    assert.equal(await page.locator('#webhook-url').inputValue(), 'https://recordings.example/livekit-webhook')
    assert.deepEqual(sent, [])
    await accessible(page)
  })

  test('months are bars and a table, and the newest is a bill', async () => {
    const { stage } = scene
    const month = 30 * 86_400_000
    for (let i = 0; i < 5; i += 1) {
      const at = Date.now() - i * month
      await addRecording(stage, `month-${i}`, { created_at: at, started_at: at, duration_ms: (i + 1) * 3_600_000, size_bytes: (i + 1) * 2e9, livepeer_asset_id: `EG_m${i}` })
    }
    const page = await scene.open('/setup', { admin: true })
    await page.getByRole('region', { name: 'Usage by month' }).waitFor()
    assert.ok((await page.getByRole('row').count()) >= 5)
    await page.getByText(/line by line$/).click()
    await page.getByText('How it is counted').click()
    await page.getByText('A recording counts in the month in which it began').waitFor()
    await accessible(page)
    await page.getByRole('heading', { name: 'Usage and cost' }).scrollIntoViewIfNeeded()
    await shot(page, 'setup-usage')
  })

  test('a story is chosen by its title, which stays text, and told in order with what comes next', async () => {
    const { stage, p } = scene
    const { streamId } = await p.host('told', { title: evil, record: true })
    await p.until(streamId, 'recording')
    const { body } = await stage.api('POST', `/api/streams/${streamId}/end`, { user: 'alice' })
    const recording = await p.ready(body.recording.egressId)
    const page = await scene.open('/setup', { admin: true })
    const choice = page.getByLabel('Recording or stream')
    await choice.selectOption(`/api/recordings/${recording.id}/why`)
    assert.match(await choice.locator('option:checked').textContent(), /^<img src=x/)
    const told = page.locator('.timeline')
    await told.getByText('egress_ended').waitFor()
    const text = await told.textContent()
    const order = ['LiveKit was asked to record', 'The first frame', 'The recording was made'].map((what) => text.indexOf(what))
    assert.ok(order[0] >= 0 && order.every((at, i) => i === 0 || at > order[i - 1]), text)
    await page.getByText(/^Next: nothing/).waitFor()
    await choice.selectOption(`/api/streams/${streamId}/why`)
    await told.getByText('The host published').waitFor()
    assert.equal(await page.locator('main img').count(), 0)
    await choice.scrollIntoViewIfNeeded()
    await accessible(page)
    await shot(page, 'setup-story')
  })

  test('one that does not begin is answered: why, and what to do', async () => {
    const { stage } = scene
    const { body } = await stage.api('POST', '/api/streams', { user: 'alice', body: { title: 'Nobody records this' } })
    const page = await scene.open('/setup', { admin: true })
    await page.getByLabel('Recording or stream').selectOption(`/api/streams/${body.id}/why`)
    await page.getByText('Recording not starting').waitFor()
    await page.getByText('Nobody asked for one: send').waitFor()
    await accessible(page)
    await page.getByText('Recording not starting').scrollIntoViewIfNeeded()
    await shot(page, 'setup-answer')
  })
})

paged('Set-up of a Worker that is not configured', { vars: { LIVEKIT_API_SECRET: null, STORJ_BUCKET: null } }, (scene) => {
  test('every missing variable is named', async () => {
    const page = await scene.open('/setup')
    await page.getByRole('heading', { name: 'The Worker is not ready yet' }).waitFor()
    for (const name of ['LIVEKIT_API_SECRET', 'STORJ_BUCKET']) await page.getByText(name).waitFor()
    await accessible(page)
    await shot(page, 'setup-not-configured')
  })
})
