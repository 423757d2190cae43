// The pages as they are served: files by name for ever, HTML by the Worker alone, and the API unharmed by either.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staged } from './harness/play.mjs'

const html = { accept: 'text/html' }

staged('the pages', { vars: { SIGN_IN_URL: 'https://sign-in.example/authorize?provider=a&b=<c>' } }, (scene) => {
  const get = (path, headers) => scene.stage.api('GET', path, { headers })

  test('each page has its policy, which names LiveKit and Storj where they are needed and nobody else', async () => {
    const { livekit, s3 } = scene.stage
    for (const path of ['/discover', '/live', '/watch/some-id', '/watch/live/some-id', '/setup', '/discover/']) {
      const { status, headers, text } = await get(path)
      assert.equal(status, 200, path)
      assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('cache-control'), 'no-cache')
      const policy = headers.get('content-security-policy')
      const rooms = path.startsWith('/live') || path.startsWith('/watch')
      assert.equal(policy.includes(livekit), rooms, policy)
      assert.ok(policy.includes(`img-src 'self' ${s3}`), policy)
      assert.match(policy, /trusted-types 'none'/)
      assert.ok(!text.includes('<!--head-->') && !/<script(?![^>]* src=)/.test(text) && !/<[^>]* (style|on\w+)=/.test(text), path)
      assert.ok(text.includes(' data-sign-in-url="https://sign-in.example/authorize?provider=a&amp;b=&lt;c&gt;"'), text.slice(0, 900))
    }
  })

  test('what a page is made of is kept by browsers for ever, and is not the Worker\'s work', async () => {
    const { text } = await get('/discover')
    const files = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, file]) => file)
    assert.ok(files.length >= 4, files.join())
    const before = scene.stage.logs().length
    for (const file of files) {
      const { status, headers } = await get(file)
      assert.equal(status, 200, file)
      assert.match(headers.get('cache-control'), /immutable/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
    }
    assert.equal(scene.stage.logs().length, before)
  })

  test('no HTML file is reached past the Worker, and no file of the build is', async () => {
    for (const path of ['/pages/discover', '/pages/discover.html', '/discover.html', '/_headers', '/index.html', '/web.json']) {
      const { status, headers } = await get(path)
      assert.equal(status, 404, path)
      assert.match(headers.get('content-type'), /json/, path)
    }
  })

  test('who is lost gets a page, and a program JSON; the front door leads to Discover', async () => {
    const lost = await get('/no/such', html)
    assert.deepEqual([lost.status, lost.headers.get('content-type')], [404, 'text/html; charset=utf-8'])
    assert.match(lost.text, /There is nothing here/)
    assert.equal((await get('/no/such')).body.code, 'not_found')
    const home = await get('/', html)
    assert.deepEqual([home.status, home.headers.get('location')], [302, '/discover'])
  })

  test('HEAD has the headers alone, and a page takes nothing but being read', async () => {
    const head = await scene.stage.api('HEAD', '/discover')
    assert.deepEqual([head.status, head.text, head.headers.get('content-type')], [200, '', 'text/html; charset=utf-8'])
    assert.ok(head.headers.get('content-security-policy'))
    for (const path of ['/discover', '/live', '/']) {
      const { status, headers } = await scene.stage.api('POST', path, { body: {} })
      assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD, OPTIONS'], path)
    }
  })
})
