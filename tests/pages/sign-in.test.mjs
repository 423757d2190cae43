// Signing in: only where it was begun, only once, and nothing of it stays in the address.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { signedIn, startSignIn } from '../../scripts/parts/dev-sign-in.mjs'
import { authSecret } from '../e2e/harness/harness.mjs'
import { paged, shot } from './harness/browser.mjs'

const provider = await startSignIn(authSecret)
after(() => provider.stop())
const who = (page) => page.locator('.who')

paged('Signing in', { vars: { SIGN_IN_URL: provider.url }, hosts: [provider.url] }, (scene) => {
  test('the button leads to the sign-in page and back to the very place, and the token leaves the address', async () => {
    const page = await scene.open('/discover?tab=live')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Development only').waitFor()
    await page.getByRole('link', { name: 'alice' }).click()
    await who(page).getByText('alice').waitFor()
    assert.equal(page.url(), `${scene.stage.worker}/discover?tab=live`)
    const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]))
    assert.ok(!kept.includes('none-here'), 'the refresh token is not kept')
    await page.reload()
    await who(page).getByText('alice').waitFor()
    await shot(page, 'signed-in')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  })

  test('a link with a token of somebody else\'s signs nobody in', async () => {
    for (const query of ['', '?signin=made-up']) {
      const page = await scene.open(signedIn(authSecret, { user: 'mallory' }, `/discover${query}`))
      await page.getByText('It was not started from here').first().waitFor()
      assert.equal(await who(page).count(), 0)
      assert.ok(!page.url().includes('access_token'), page.url())
    }
  })

  test('a state counts once', async () => {
    const page = await scene.open('/discover')
    let back
    await page.route(`${provider.url}**`, (route) => {
      back = new URL(route.request().url()).searchParams.get('redirect_to')
      return route.fulfill({ contentType: 'text/html', body: 'the sign-in page' })
    })
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('the sign-in page').waitFor()
    await page.goto(signedIn(authSecret, { user: 'alice' }, back))
    await who(page).getByText('alice').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.goto('about:blank')
    await page.goto(signedIn(authSecret, { user: 'alice' }, back))
    await page.getByText('It was not started from here').first().waitFor()
    assert.equal(await who(page).count(), 0)
  })

  test('an address that begins with two slashes leads back to itself, not to the host that it looks like', async () => {
    const address = `${scene.stage.worker}//evil.example/x?tab=live`
    const page = await scene.open(address)
    const left = page.waitForRequest((request) => request.url().startsWith(provider.url))
    await page.getByRole('button', { name: 'Sign in' }).click()
    const back = new URL(new URL((await left).url()).searchParams.get('redirect_to'))
    assert.deepEqual([back.origin, back.pathname], [scene.stage.worker, '//evil.example/x'])
    await page.getByRole('link', { name: 'alice' }).click()
    await who(page).getByText('alice').waitFor()
    assert.equal(page.url(), address)
    await page.getByRole('button', { name: 'Sign out' }).click()
    // The same without a beginning: what is left in the address goes, and the page is there.
    await page.goto(`${scene.stage.worker}//evil.example/x?error=denied&tab=live`)
    await page.getByText('The sign-in page says: denied').first().waitFor()
    assert.equal(page.url(), address)
  })

  test('what a sign-in page says in place of a token is shown as text', async () => {
    const page = await scene.open('/discover#error=access_denied&error_description=No+%3Cimg+src%3Dx+onerror%3Dalert(1)%3E')
    await page.getByText('The sign-in page says: No <img src=x onerror=alert(1)>').first().waitFor()
    assert.equal(page.url(), `${scene.stage.worker}/discover`)
  })

  test('another tab of the same browser is signed in too, and out too', async () => {
    const page = await scene.open('/discover', { user: 'alice' })
    const second = await page.made.go('/discover?tab=live')
    await who(second).getByText('alice').waitFor()
    await second.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  })

  test('a token that the server refuses is forgotten, and the page says how to go on', async () => {
    const page = await scene.open('/discover', { user: 'alice' })
    await page.evaluate(() => sessionStorage.setItem('session.token', sessionStorage.getItem('session.token').slice(0, -4)))
    await page.reload()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  })

  test('before the session ends somebody is asked whether to stay', async () => {
    const context = await scene.context()
    const page = await context.go('/discover')
    await page.goto(`/discover#demo=1&access_token=${scene.stage.token('alice', { minutes: 4 })}`)
    await page.getByRole('button', { name: 'Stay signed in' }).waitFor()
  })
})
