// When the provider's keys are fetched: once for a while, once on an unknown key, at most once a minute; and what counts
// while the key server does not answer.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { claims, signed } from './harness/callers.mjs'
import { startWithClock } from './harness/clock.mjs'
import { authSecret, livekitKey, storjKey } from './harness/harness.mjs'
import { keyPair, startKeyServer } from './harness/key-server.mjs'

const issuer = 'https://project.example/auth/v1'
const seconds = 1_000
const minutes = 60 * seconds
const hours = 60 * minutes
const first = await keyPair('ES256', 'first')
const second = await keyPair('ES256', 'second')

const running = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

/** A key server with `keys`, and a Worker that knows nothing yet. */
async function begin(...keys) {
  const server = await startKeyServer(...keys)
  running.push(server)
  const worker = await startWithClock({
    LIVEKIT_URL: 'http://127.0.0.1:9',
    LIVEKIT_API_KEY: livekitKey.key,
    LIVEKIT_API_SECRET: livekitKey.secret,
    STORJ_ENDPOINT: 'http://127.0.0.1:9',
    STORJ_BUCKET: 'recordings',
    STORJ_ACCESS_KEY_ID: storjKey.key,
    STORJ_SECRET_ACCESS_KEY: storjKey.secret,
    AUTH_JWT_SECRET: authSecret,
    AUTH_JWKS_URL: server.url,
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: 'authenticated',
  })
  running.push(worker)
  const exp = Math.floor(Date.now() / 1000) + 7 * 24 * 3600
  const ask = async (key, kid = key.kid) => {
    const token = await signed(claims('alice', { iss: issuer, exp }), { key: key.privateKey, alg: key.alg, kid })
    return worker.api('GET', '/api/streams?mine=true', { headers: { authorization: `Bearer ${token}` } })
  }
  return { server, worker, ask }
}

test('the keys are fetched once, and again after ten minutes', async () => {
  const { server, worker, ask } = await begin(first)
  for (let i = 0; i < 10; i++) assert.equal((await ask(first)).status, 200)
  assert.equal(server.fetches(), 1)
  await worker.clock(9 * minutes)
  assert.equal((await ask(first)).status, 200)
  assert.equal(server.fetches(), 1)
  await worker.clock(11 * minutes)
  assert.equal((await ask(first)).status, 200)
  assert.equal(server.fetches(), 2)
})

test('an unknown key is looked for once, and no more than once a minute', async () => {
  const { server, worker, ask } = await begin(first)
  for (let i = 0; i < 10; i++) assertRefused(await ask(second, `invented-${i}`), 401, 'invalid_token')
  assert.equal(server.fetches(), 1)
  await worker.clock(61 * seconds)
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(second, `more-${i}`)))
  // Who asks while the set is on its way is told to ask again.
  for (const answer of answers) {
    if (answer.status === 503) assertRefused(answer, 503, 'sign_in_unavailable')
    else assertRefused(answer, 401, 'invalid_token')
  }
  assert.ok(answers.some(({ status }) => status === 401))
  assert.equal(server.fetches(), 2)
  assert.equal((await ask(first)).status, 200)
})

test('a new key is found as soon as a token names it, and a key that went counts no more', async () => {
  const { server, worker, ask } = await begin(first)
  assert.equal((await ask(first)).status, 200)
  server.say({ keys: [second] })
  await worker.clock(61 * seconds)
  assert.equal((await ask(second)).status, 200)
  assert.equal(server.fetches(), 2)
  assertRefused(await ask(first), 401, 'invalid_token')
})

test('who comes with a new key is never sent away for it: not while the set is on its way, nor while the key server is down', async () => {
  const { server, worker, ask } = await begin(first)
  assert.equal((await ask(first)).status, 200)
  server.say({ keys: [first, second], status: 500 })
  await worker.clock(61 * seconds)
  assertRefused(await ask(second), 503, 'sign_in_unavailable')
  assertRefused(await ask(second), 503, 'sign_in_unavailable')
  server.say({ status: 200 })
  await worker.clock(122 * seconds)
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(second)))
  for (const { status, headers } of answers) assert.ok(status === 200 || (status === 503 && headers.get('retry-after') === '1'), `${status}`)
  assert.ok(answers.some(({ status }) => status === 200))
  assert.equal((await ask(second)).status, 200)
  assert.equal(server.fetches(), 3)
})

test('while the key server is down the keys that are there count, for a day', async () => {
  const { server, worker, ask } = await begin(first)
  assert.equal((await ask(first)).status, 200)
  const failures = [{ status: 500 }, { status: 200, body: 'a page, not keys' }, { body: '{"keys":[]}' }, { status: 302, headers: { location: '/' } }]
  for (const [at, failure] of failures.entries()) {
    server.say({ body: undefined, ...failure })
    await worker.clock((11 + 2 * at) * minutes)
    assert.equal((await ask(first)).status, 200, JSON.stringify(failure))
    assert.equal(server.fetches(), 2 + at, JSON.stringify(failure))
  }
  await server.stop()
  await worker.clock(23 * hours)
  assert.equal((await ask(first)).status, 200)
  await worker.clock(25 * hours)
  assertRefused(await ask(first), 503, 'sign_in_unavailable')
})

test('a key server that is down from the start is 503, not 401, and is asked again later', async () => {
  const { server, worker, ask } = await begin(first)
  server.say({ status: 500 })
  const refused = await ask(first)
  assertRefused(refused, 503, 'sign_in_unavailable')
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  const secret = await worker.api('GET', '/api/streams?mine=true', { headers: { authorization: `Bearer ${await signed(claims('alice'))}` } })
  assert.equal(secret.status, 200, 'tokens of AUTH_JWT_SECRET do not depend on the key server')
  server.say({ status: 200 })
  await worker.clock(61 * seconds)
  assert.equal((await ask(first)).status, 200)
})

test('a refused first fetch is over when Retry-After says so', async () => {
  const { server, worker, ask } = await begin(first)
  server.say({ status: 500 })
  const wait = Number((await ask(first)).headers.get('retry-after'))
  server.say({ status: 200 })
  await worker.clock((wait + 1) * seconds)
  assert.equal((await ask(first)).status, 200)
})

test('a redirect is not followed: keys come from the address that the operator named', async () => {
  const { server, ask } = await begin(first)
  const trap = await startKeyServer(first)
  running.push(trap)
  server.say({ status: 302, headers: { location: trap.url } })
  assertRefused(await ask(first), 503, 'sign_in_unavailable')
  assert.equal(trap.fetches(), 0)
})

test('a set of more than 64 kB is not taken', async () => {
  const { server, ask } = await begin(first)
  server.say({ body: JSON.stringify({ keys: [first.jwk], padding: 'x'.repeat(70_000) }) })
  assertRefused(await ask(first), 503, 'sign_in_unavailable')
})

test('many at once before the first keys: all are answered', async () => {
  const { server, ask } = await begin(first)
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(first)))
  for (const answer of answers) assert.equal(answer.status, 200)
  assert.ok(server.fetches() <= 20)
})
