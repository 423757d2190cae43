// Pages behind Cloudflare Access: each knows who asks by the assertion alone, and tells nobody else. Whatever becomes of
// the assertion or of the keys, a page is a page.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { claims, signed } from './harness/callers.mjs'
import { startKeyServer, keyPair } from './harness/key-server.mjs'
import { staged } from './harness/play.mjs'

const issuer = 'https://team.cloudflareaccess.com'
const audience = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228'
const key = await keyPair('RS256', 'access-1')
const server = await startKeyServer(key)
after(() => server.stop())
const vars = { AUTH_JWT_SECRET: null, AUTH_JWKS_URL: server.url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience }

/** As Access makes it: no role, no name. */
const identity = (more) => claims('alice-id', { role: undefined, iss: issuer, aud: [audience], type: 'app', email: 'alice@example.com', ...more })
const assertion = (payload = identity(), by = key) => signed(payload, { key: by.privateKey, alg: by.alg, kid: by.kid })

/** Gets a page; what it says of who asks, `null` for nothing. */
async function page(stage, token, path = '/discover') {
  const headers = { accept: 'text/html', ...(token !== undefined && { 'cf-access-jwt-assertion': token }) }
  const answer = await stage.api('GET', path, { headers })
  const [meta] = answer.text.match(/<meta name="settings"[^>]*>/)
  const told = (name) => meta.match(new RegExp(` data-${name}="([^"]*)"`))?.[1] ?? null
  return { ...answer, user: told('user'), name: told('name'), access: told('access'), kept: answer.headers.get('cache-control') }
}

staged('pages behind Access', { vars }, (scene) => {
  test('each names who asks, by id and address, and is kept by nobody', async () => {
    const token = await assertion()
    for (const path of ['/discover', '/live', '/setup', '/watch/some-id', '/watch/live/some-id', '/no/such']) {
      const { user, name, access, kept, status } = await page(scene.stage, token, path)
      assert.deepEqual([user, name, access, kept], ['alice-id', 'alice@example.com', '', 'no-store'], path)
      assert.equal(status, path === '/no/such' ? 404 : 200)
    }
  })

  test('a name is for people: it is told before the address, and without either the id is all there is', async () => {
    const named = async (more) => (await page(scene.stage, await assertion(identity(more)))).name
    assert.equal(await named({ name: 'Alice' }), 'Alice')
    assert.equal(await named({ email: undefined }), null)
    assert.equal(await named({ email: ['a'] }), null)
  })

  test('what an assertion says stays text', async () => {
    const evil = '"><script>alert(1)</script>\'&'
    const { text, user, name } = await page(scene.stage, await assertion(identity({ sub: evil, email: evil })))
    assert.equal(user, '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;')
    assert.equal(name, user)
    assert.ok(!text.includes('<script>'), text.slice(0, 900))
  })

  test('an assertion that does not count names nobody, and the page is there', async () => {
    const now = Math.floor(Date.now() / 1000)
    const other = await keyPair('RS256', 'access-1')
    const tokens = {
      missing: undefined,
      empty: '',
      garbage: 'garbage',
      expired: await assertion(identity({ exp: now - 120 })),
      'of another application': await assertion(identity({ aud: ['another'] })),
      'of another team': await assertion(identity({ iss: 'https://other.cloudflareaccess.com' })),
      'signed by another': await assertion(identity(), other),
      'of an unknown key': await assertion(identity(), { ...other, kid: 'unknown' }),
      'of a service, which is no user': await assertion(identity({ sub: '', email: undefined, common_name: 'x.access' })),
    }
    for (const [what, token] of Object.entries(tokens)) {
      const { status, user, name, text } = await page(scene.stage, token)
      assert.deepEqual([status, user, name], [200, null, null], what)
      assert.match(text, /<\/html>/, what)
    }
    assert.equal((await page(scene.stage)).kept, 'no-cache')
  })

  test('a bearer names nobody in a page: a browser sends none for it', async () => {
    const headers = { authorization: `Bearer ${await assertion()}` }
    assert.ok(!(await scene.stage.api('GET', '/discover', { headers })).text.includes(' data-user='))
  })
})

staged('pages with a sign-in page of their own', { vars: { ...vars, SIGN_IN_URL: 'https://sign-in.example/' } }, (scene) => {
  test('an assertion means nothing to them', async () => {
    const { user, access, kept } = await page(scene.stage, await assertion())
    assert.deepEqual([user, access, kept], [null, null, 'no-cache'])
  })
})

const silent = await startKeyServer(key)
after(() => silent.stop())
silent.say({ hang: true })

staged('pages while the keys are away', { vars: { ...vars, AUTH_JWKS_URL: silent.url } }, (scene) => {
  test('the first waits as long as the keys may take, the next not at all, and both are there', async () => {
    const token = await assertion()
    const timed = async () => {
      const began = Date.now()
      const { status, user } = await page(scene.stage, token)
      return { status, user, ms: Date.now() - began }
    }
    const [first, second] = [await timed(), await timed()]
    for (const { status, user } of [first, second]) assert.deepEqual([status, user], [200, null])
    assert.ok(first.ms < 7_000 && second.ms < 1_000, `${first.ms} ms, ${second.ms} ms`)
    assert.equal(silent.fetches(), 1)
  })
})
