// Pages in a real Chromium, on a stage of their own:
//
//     paged('Discover', {}, (scene) => {
//       test('…', async () => {
//         const page = await scene.open('/discover', { user: 'alice' })
//         await page.getByRole('link', { name: 'Recordings' }).click()
//       })
//     })
//
// Every page must keep to its policy, throw nothing and ask nobody but this site, LiveKit and Storj: that is checked
// behind each test. The stand-in for LiveKit speaks no WebRTC, so LiveKit's client is a stand-in here too (livekit-client.js):
// it joins the stand-in's room, so that everything behind it is real. tests/real has the real ones.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, afterEach, before, describe } from 'node:test'
import { chromium } from 'playwright-core'
import { findChromium } from '../../../scripts/parts/chromium.mjs'
import { root } from '../../../scripts/parts/processes.mjs'
import { start } from '../../e2e/harness/harness.mjs'
import { play } from '../../e2e/harness/play.mjs'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const standIn = readFileSync(new URL('livekit-client.js', import.meta.url), 'utf8')

const ARGS = ['--use-fake-device-for-media-stream', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1']

/** Tests with `{stage, p, open, context}`. `flags`: more of Chromium's; `hosts`: more that pages may ask; the rest is the stage's. */
export function paged(name, { flags = [], hosts = [], ...options }, tests) {
  describe(name, () => {
    const scene = {}
    let browser
    const opened = []
    before(async () => {
      scene.stage = await start(options)
      scene.p = play(scene.stage)
      browser = await launch(flags)
      scene.context = (more = {}) => newContext(browser, scene.stage, { opened, hosts }, more)
      scene.open = async (address, { user, admin, ...more } = {}) => {
        const context = await scene.context(more)
        return context.go(address, { user, admin })
      }
    })
    afterEach(async () => {
      for (const context of opened.splice(0)) await context.finish()
    })
    after(async () => {
      await browser?.close()
      await scene.stage?.stop()
    })
    tests(scene)
  })
}

export const launch = (flags = []) => chromium.launch({ executablePath: findChromium(), args: [...ARGS, ...flags] })

/**
 * A person's browser: `go` opens a page, signed in as `user` if one is named; `finish` checks what must hold of every page.
 * `really`: with LiveKit's own client.
 */
export async function newContext(browser, stage, { opened = [], hosts = [], really = false }, { theme = 'light', width = 1280, height = 800, devices = [], ...more }) {
  const context = await browser.newContext({
    baseURL: stage.worker,
    viewport: { width, height },
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: 'UTC',
    acceptDownloads: true,
    permissions: devices,
    ...more,
  })
  context.setDefaultTimeout(15_000)
  const wrong = []
  const requests = []
  const allowed = [stage.worker, stage.livekit, stage.s3, ...hosts].map((url) => new URL(url).host)
  context.on('request', (request) => {
    requests.push(request)
    const { host, protocol } = new URL(request.url())
    if (protocol.startsWith('http') && !allowed.includes(host)) wrong.push(`asked ${request.url()}`)
  })
  context.on('weberror', (error) => wrong.push(`threw ${error.error().stack}`))
  context.on('console', (message) => {
    // A refused request is told there by the browser itself; whether it was right, the test knows.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) wrong.push(`console: ${message.text()}`)
  })
  context.on('dialog', (dialog) => {
    // Whether the page may be left, the test decided by leaving it.
    if (dialog.type() === 'beforeunload') {
      made.askedToStay += 1
      return void dialog.accept()
    }
    wrong.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await context.exposeFunction('pageBrokePolicy', (text) => wrong.push(`policy: ${text}`))
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.pageBrokePolicy(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
    })
  })
  if (!really) await context.exposeFunction('standIn', async (route, body) => (await stage.dev(`/dev/${route}`, body)) ?? {})
  if (!really) await context.route('**/assets/livekit-client*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: standIn }))
  const made = {
    context,
    requests,
    askedToStay: 0,
    usual: { colorScheme: theme, reducedMotion: null },
    /** What a test expects to be wrong, so that it is not held against it. */
    expect: (pattern) => wrong.splice(0, wrong.length, ...wrong.filter((text) => !pattern.test(text))),
    async go(address, { user, admin = false } = {}) {
      const page = await context.newPage()
      if (user || admin) {
        // The way of `npm run dev`'s link: on this machine a token is taken from the address.
        await page.goto(`/discover?tab=live#demo=1&access_token=${stage.token(user ?? 'admin', { admin })}`)
        await page.getByRole('button', { name: 'Sign out' }).waitFor()
      }
      if (!(user || admin) || address !== '/discover?tab=live') await page.goto(address)
      return Object.assign(page, { made })
    },
    async finish() {
      await context.close()
      assert.deepEqual(wrong, [], 'what pages did that they must not')
    },
  }
  opened.push(made)
  return made
}

/** What axe asks of a person: whether a video has captions. Recordings of rooms have none to give. */
const UNDECIDABLE = ['video-caption']

/** No fault that axe finds in either theme, and nothing that it could not decide. */
export async function accessible(page, about = '') {
  await page.evaluate(axeSource)
  // What lies under the bar at the top has no contrast that could be told.
  await page.evaluate(() => scrollTo(0, 0))
  for (const theme of ['light', 'dark']) {
    await inTheme(page, theme)
    const { violations, incomplete } = await page.evaluate(() => window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      resultTypes: ['violations', 'incomplete'],
    }))
    const told = (found) => found.flatMap(({ id, nodes }) => nodes.map(({ target, any, failureSummary }) => `${id} ${target.join(' ')}: ${any[0]?.message ?? failureSummary}`))
    const undecided = incomplete.filter(({ id }) => !UNDECIDABLE.includes(id))
    assert.deepEqual({ violations: told(violations), incomplete: told(undecided) }, { violations: [], incomplete: [] }, `${theme} ${about}`)
  }
  await page.emulateMedia(page.made.usual)
}

/** Without motion: a colour half way to the other theme's is nobody's. */
const inTheme = (page, colorScheme) => page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })

const FOLDER = path.join(root, 'tests/screenshots')
const PHONE = { width: 390, height: 844 }
/** WCAG 2.2, 1.4.10: nothing has to be scrolled sideways at this width. */
const NARROW = 320

/** Pictures for people to look at: both themes, and on a phone, where nothing may be wider than the screen whichever way it reads. */
export async function shot(page, name, { phone = true } = {}) {
  mkdirSync(FOLDER, { recursive: true })
  await page.evaluate(() => document.fonts.ready)
  const take = (suffix) => page.screenshot({ path: path.join(FOLDER, `${name}${suffix}.png`), animations: 'disabled', caret: 'hide', fullPage: true })
  const usual = page.viewportSize()
  for (const theme of ['light', 'dark']) {
    await inTheme(page, theme)
    await take(`-${theme}`)
  }
  if (!phone) return page.emulateMedia(page.made.usual)
  await inTheme(page, 'light')
  await page.setViewportSize(PHONE)
  await take('-phone')
  await page.setViewportSize({ ...PHONE, width: NARROW })
  for (const dir of ['ltr', 'rtl']) {
    await page.evaluate((dir) => (document.documentElement.dir = dir), dir)
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), NARROW, `${name} ${dir}`)
  }
  await take('-narrow-rtl')
  await page.evaluate(() => document.documentElement.removeAttribute('dir'))
  await page.setViewportSize(usual)
  await page.emulateMedia(page.made.usual)
}
