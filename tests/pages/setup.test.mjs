// Set-up: for administrators, and honest to everybody else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addRecording } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const evil = '<img src=x onerror=alert(1)>'

paged('Set-up', {}, (scene) => {
  test('without signing in it tells how the Worker is, and that the rest is for administrators', async () => {
    for (const theme of ['light', 'dark']) {
      const page = await scene.open('/setup', { theme })
      await page.getByRole('heading', { name: 'The Worker is well' }).waitFor()
      await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
      await accessible(page, theme)
      await shot(page, `setup-signed-out-${theme}`)
    }
  })

  test('an administrator copies the address of the webhook', async () => {
    const page = await scene.open('/setup', { admin: true, devices: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByText('The address is copied.').first().waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${scene.stage.worker}/livekit-webhook`)
    await accessible(page)
  })

  test('a recording\'s story is chosen by its title, which stays text', async () => {
    await addRecording(scene.stage, 'story', { title: evil })
    const page = await scene.open('/setup', { admin: true })
    await page.getByLabel('Recording', { exact: true }).waitFor()
    assert.match(await page.getByLabel('Recording', { exact: true }).locator('option').first().textContent(), /^<img src=x/)
    assert.equal(await page.locator('main img').count(), 0)
    await shot(page, 'setup-admin')
    await accessible(page)
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
