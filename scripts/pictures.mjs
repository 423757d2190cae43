// The pictures in README.md, made again: `node scripts/pictures.mjs`, after `npm run build`. It goes the way of somebody who
// has just started `npm run dev`: one recording is made from start to end, then found, then watched. Needs a Chromium.

import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { launch, newContext } from '../tests/pages/harness/browser.mjs'
import { start } from '../tests/e2e/harness/harness.mjs'
import { buildDevstack } from './parts/devstack.mjs'
import { recordOnce } from './parts/first-recording.mjs'
import { caller } from './parts/local-worker.mjs'
import { root } from './parts/processes.mjs'
import { main, print, step } from './parts/steps.mjs'

const FOLDER = 'docs/pictures'
/** A reader's browser fetches them all. */
const MOST_BYTES = 150_000
const SIZE = { width: 1024, height: 660 }

async function pictures() {
  await step('devstack', buildDevstack)
  const stage = await start({ speed: 1 })
  const browser = await launch()
  try {
    const call = caller({ url: stage.worker }, stage.token('alice'))
    let id
    await step('one recording', async (say) => ({ id } = await recordOnce({ call, livekit: stage.livekit, say })))
    const context = await newContext(browser, stage, {}, { ...SIZE, devices: ['camera', 'microphone'] })
    mkdirSync(path.join(root, FOLDER), { recursive: true })

    const page = await context.go('/discover?tab=recordings', { user: 'alice' })
    await page.waitForFunction(() => document.querySelector('.card img')?.naturalWidth > 0)
    await take(page, 'discover')
    await page.goto(`/watch/${id}`)
    await page.waitForFunction(() => document.querySelector('video')?.readyState >= 2)
    // Played and stopped, so that no control says that it waits.
    await page.evaluate(() => document.querySelector('video').play())
    await page.waitForFunction(() => document.querySelector('video').currentTime > 2)
    await page.evaluate(() => document.querySelector('video').pause())
    await page.waitForTimeout(500)
    await take(page, 'watch')
    await page.goto('/live')
    await page.waitForFunction(() => document.querySelector('.stage video')?.videoWidth > 0)
    await page.getByLabel('Title').fill('Tea with Alice')
    await take(page, 'live')
    await stage.cron()
    const admin = await (await newContext(browser, stage, {}, SIZE)).go('/setup', { admin: true })
    await admin.locator('.check-line').first().waitFor()
    await admin.locator('.timeline li').first().waitFor()
    await take(admin, 'setup')
  } finally {
    await browser.close()
    await stage.stop()
  }
  if (taken > MOST_BYTES) throw new Error(`${taken} bytes are more than ${MOST_BYTES}`)
}

let taken = 0

async function take(page, name) {
  const file = path.join(FOLDER, `${name}.jpg`)
  await page.screenshot({ path: path.join(root, file), type: 'jpeg', quality: 58, animations: 'disabled', caret: 'hide' })
  const { size } = statSync(path.join(root, file))
  taken += size
  print(`  ${file}  ${size} bytes`)
}

await main(import.meta.url, pictures)
