// Behind Cloudflare Access: its header goes along with whatever the browser asks for, no script has a token, and every page
// works all the same.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { claims, signed } from '../e2e/harness/callers.mjs'
import { waitFor } from '../e2e/harness/harness.mjs'
import { keyPair, startKeyServer } from '../e2e/harness/key-server.mjs'
import { addRecording } from '../e2e/harness/rows.mjs'
import { accessible, paged, shot } from './harness/browser.mjs'

const key = await keyPair('RS256', 'access-1')
const server = await startKeyServer(key)
after(() => server.stop())
const team = { AUTH_JWKS_URL: server.url, AUTH_ISSUER: 'https://team.cloudflareaccess.com', AUTH_AUDIENCE: 'the-tag' }
const vars = { ...team, AUTH_JWT_SECRET: null, ADMIN_USER_IDS: 'root' }
const identity = (user) => claims(user, { role: undefined, iss: team.AUTH_ISSUER, aud: [team.AUTH_AUDIENCE], email: `${user}@example.com` })
const assertion = (user) => signed(identity(user), { key: key.privateKey, alg: key.alg, kid: key.kid })
const card = (page, title) => page.locator('.card', { hasText: title })
const who = (page) => page.locator('.who')
const signedOut = (page) => page.getByRole('heading', { name: 'You are not signed in' })

paged('Behind Cloudflare Access', { vars }, (scene) => {
  /** A browser of somebody whom Access let through. */
  const by = async (user, more = {}) => scene.context({ extraHTTPHeaders: { 'cf-access-jwt-assertion': await assertion(user) }, ...more })
  const bearers = async (made) => (await Promise.all(made.requests.map((request) => request.allHeaders()))).filter(({ authorization }) => authorization)

  before(async () => {
    for (const id of ['one', 'two']) await addRecording(scene.stage, id, { visibility: 'private' })
    await addRecording(scene.stage, 'others', { owner_id: 'bob' })
  })

  test('one\'s own is there: lists, cards, what happened', async () => {
    const made = await by('alice')
    const page = await made.go('/discover?tab=recordings')
    await who(page).getByText('alice@example.com').waitFor()
    await card(page, 'Recording others').waitFor()
    await page.getByLabel(/mine/i).check()
    await card(page, 'Recording others').waitFor({ state: 'detached' })
    await card(page, 'Recording one').waitFor()
    await accessible(page)
    await shot(page, 'access-discover')
    await page.goto('/watch/one')
    await page.getByText('What happened').click()
    assert.equal(await signedOut(page).count(), 0)
    assert.deepEqual(await bearers(made), [])
    assert.equal(await page.evaluate(() => sessionStorage.getItem('session.token')), null)
  })

  test('going live, watching live and Set-up know who it is', async () => {
    const { p, stage } = scene
    const made = await by('alice', { devices: ['camera', 'microphone'] })
    const page = await made.go('/live')
    await page.getByText('Going live as').getByText('alice@example.com').waitFor()
    await page.waitForFunction(() => document.querySelector('.stage video')?.videoWidth > 0)
    await page.getByLabel('Title').fill('By Access')
    await page.getByRole('button', { name: 'Go Live Now' }).click()
    await page.getByText('Live for').waitFor()
    const [{ id, owner_id: owner }] = await stage.sql("SELECT id, owner_id FROM live_streams WHERE title = 'By Access'")
    assert.equal(owner, 'alice')
    await waitFor(async () => (await p.rooms()).length > 0)
    const bob = await (await by('bob')).go(`/watch/live/${id}`)
    await bob.waitForFunction(() => document.querySelector('video')?.videoWidth > 0)
    await bob.goto('/setup')
    await bob.getByRole('heading', { name: 'This is for administrators' }).waitFor()
    const root = await (await by('root')).go('/setup')
    await root.getByRole('heading', { name: 'What happened' }).waitFor()
    await page.getByRole('button', { name: 'End Stream' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End Stream' }).click()
    await page.getByText(/recording|recorded/).first().waitFor()
  })

  test('a recording is renamed and deleted: a write without a body is this site\'s own too', async () => {
    const page = await (await by('alice')).go('/discover?tab=recordings')
    await card(page, 'Recording two').getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Title', { exact: true }).fill('Renamed')
    await page.getByLabel('Title', { exact: true }).press('Enter')
    await page.getByText('Changed', { exact: true }).waitFor({ state: 'attached' })
    const answered = page.waitForResponse((response) => response.request().method() === 'DELETE')
    await card(page, 'Renamed').getByRole('button', { name: 'Delete' }).click()
    // Left alone, for the undo's 7 s.
    const answer = await answered
    assert.ok(answer.status() < 300, `${answer.status()} ${await answer.text()}`)
    assert.deepEqual(await scene.stage.sql("SELECT id FROM assets WHERE id = 'two' AND status != 'deleting'"), [])
  })

  test('when Access\'s session is over, it is said, and the page keeps what was typed and who it is of', async () => {
    const page = await (await by('alice')).go('/discover?tab=recordings')
    // What Access answers to a script is no JSON.
    await page.route('**/api/**', (route) => route.fulfill({ status: 401, contentType: 'text/html', body: 'Access' }))
    await page.getByLabel('Search').fill('words')
    await page.getByText('Your session is over').first().waitFor()
    await page.getByText('Load the page again').first().waitFor()
    await who(page).getByText('alice@example.com').waitFor()
    assert.equal(await page.getByLabel('Search').inputValue(), 'words')
  })

  test('another tab is handed no token and takes none; signing out is Access\'s, and every tab knows', async () => {
    const made = await by('alice')
    const page = await made.go('/discover')
    const second = await made.go('/live')
    await second.evaluate(() => {
      window.heard = []
      window.channel = new BroadcastChannel('session')
      window.channel.onmessage = ({ data }) => window.heard.push(data)
      window.channel.postMessage({ ask: true })
    })
    const mallory = await signed(claims('mallory'))
    await second.evaluate((token) => window.channel.postMessage({ token, renewed: true }), mallory)
    await page.goto(`/discover#demo=1&access_token=${mallory}`)
    await who(page).getByText('alice@example.com').waitFor()
    assert.ok(!page.url().includes('access_token'), page.url())
    await page.route('**/cdn-cgi/access/logout', (route) => route.fulfill({ contentType: 'text/html', body: 'signed out by Access' }))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('signed out by Access').waitFor()
    await signedOut(second).waitFor()
    assert.deepEqual(await second.evaluate(() => window.heard), [{ out: true }])
    assert.deepEqual(await bearers(made), [])
  })

  test('a page out of the browser\'s memory asks anew who it is of', async () => {
    const page = await (await by('alice')).go('/discover')
    await who(page).getByText('alice@example.com').waitFor()
    await page.evaluate(() => (window.old = true))
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    await page.waitForFunction(() => !window.old)
    await who(page).getByText('alice@example.com').waitFor()
  })

  test('whom Access did not let through sees what everybody may', async () => {
    const page = await scene.open('/discover?tab=recordings')
    await card(page, 'Recording others').waitFor()
    assert.equal(await who(page).count(), 0)
    await page.goto('/live')
    await signedOut(page).waitFor()
    await page.getByText('Behind Cloudflare Access, load the page again').waitFor()
  })
})
