// Callers known by a sign-in provider's keys (AUTH_JWKS_URL): RS256, ES256, and nothing that only looks like them. How
// often the keys are fetched is in jwks-cache.test.mjs.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { exportSPKI } from 'jose'
import { assertRefused } from './harness/answers.mjs'
import { assembled, claims, signed } from './harness/callers.mjs'
import { authSecret, start } from './harness/harness.mjs'
import { keyPair, startKeyServer } from './harness/key-server.mjs'

const issuer = 'https://project.example/auth/v1'
const audience = 'authenticated'
const provider = { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience }

let stage, server, rsa, ec, extra, hosted
before(async () => {
  ;[rsa, ec] = [await keyPair('RS256', 'rsa-1'), await keyPair('ES256', 'ec-1')]
  extra = {
    oct: { kty: 'oct', kid: 'oct-1', alg: 'HS256', k: Buffer.from(authSecret).toString('base64url') },
    forEncryption: { ...(await keyPair('RS256', 'enc-1')), use: 'enc' },
    p384: await keyPair('ES384', 'p384-1'),
    small: await smallKey(),
  }
  extra.forEncryption.jwk.use = 'enc'
  server = await startKeyServer(rsa, ec, extra.oct, extra.forEncryption, extra.p384, extra.small)
  const vars = { ...provider, AUTH_JWKS_URL: server.url, ADMIN_USER_IDS: 'root', ALLOWED_ORIGINS: 'https://app.example' }
  stage = await start({ vars: { ...vars, AUTH_JWT_SECRET: null } })
  hosted = { ...vars, AUTH_JWT_SECRET: authSecret }
})
after(async () => {
  await stage?.stop()
  await server?.stop()
})

/** A 1024-bit key, which jose refuses to make. */
async function smallKey() {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'rsa-1024', alg: 'RS256', use: 'sig' }
  delete jwk.key_ops
  return { alg: 'RS256', kid: 'rsa-1024', privateKey, jwk }
}

const user = (more) => claims('alice', { iss: issuer, ...more })
const by = (key, payload = user(), header = {}) => signed(payload, { key: key.privateKey, alg: key.alg, kid: key.kid, ...header })
const mine = (token, worker = stage) => worker.api('GET', '/api/streams?mine=true', { headers: { authorization: `Bearer ${token}` } })

test('tokens of the provider sign in: RS256 and ES256, with and without kid, one audience or several', async () => {
  const tokens = {
    RS256: await by(rsa),
    ES256: await by(ec),
    'without kid': await by(ec, user(), { kid: undefined }),
    'several audiences': await by(rsa, user({ aud: ['another', audience] })),
  }
  for (const [what, token] of Object.entries(tokens)) assert.equal((await mine(token)).status, 200, what)
  const { body } = await stage.api('POST', '/api/streams', { headers: { authorization: `Bearer ${await by(ec)}` }, body: { title: 'Mine' } })
  assert.equal(body.ownerId, 'alice')
})

test('roles and admins count for the provider\'s tokens as for others', async () => {
  await stage.sql("UPDATE live_streams SET visibility = 'private'")
  const seen = async (payload) => {
    const answer = await stage.api('GET', '/api/streams', { headers: { authorization: `Bearer ${await by(ec, payload)}` } })
    return answer.body.streams.length
  }
  assert.equal(await seen(user({ sub: 'root' })), 1)
  assert.equal(await seen(user({ sub: undefined, role: 'service_role' })), 1)
  assert.equal(await seen(user({ sub: 'bob' })), 0)
  assertRefused(await mine(await by(ec, user({ role: 'anon' }))), 401, 'not_signed_in')
  assertRefused(await mine(await by(ec, user({ sub: undefined }))), 401, 'not_signed_in')
})

test('a token that another key, issuer or audience stands behind is 401', async () => {
  const other = await keyPair('RS256', 'rsa-1')
  const publicText = await exportSPKI(rsa.publicKey)
  const good = await by(rsa)
  const tokens = {
    'another key under a known kid': await by(other),
    'an EC key under the RSA kid': await by(ec, user(), { kid: 'rsa-1' }),
    'another issuer': await by(rsa, user({ iss: `${issuer}/` })),
    'no issuer': await by(rsa, user({ iss: undefined })),
    'another audience': await by(rsa, user({ aud: 'another' })),
    'no audience': await by(rsa, user({ aud: undefined })),
    expired: await by(rsa, user({ exp: 1_795_000_000 })),
    'without exp': await by(rsa, user({ exp: undefined })),
    'a video claim': await by(rsa, user({ video: { roomJoin: true } })),
    'the payload of another': [good.split('.')[0], (await by(rsa, user({ sub: 'root' }))).split('.')[1], good.split('.')[2]].join('.'),
    'no signature': good.split('.').slice(0, 2).concat('').join('.'),
    'alg none': assembled({ alg: 'none', kid: 'rsa-1' }, user()),
    'HS256 signed with the public key as PEM': await signed(user(), { key: publicText, kid: 'rsa-1' }),
    'HS256 signed with the public key as PEM, trimmed': await signed(user(), { key: publicText.trim(), kid: 'rsa-1' }),
    'HS256 signed with the JWK': await signed(user(), { key: JSON.stringify(rsa.jwk), kid: 'rsa-1' }),
    'HS256 signed with the modulus': await signed(user(), { key: rsa.jwk.n, kid: 'rsa-1' }),
    'HS256 signed with the oct key of the set': await signed(user(), { kid: 'oct-1' }),
    'a key for encryption': await by(extra.forEncryption),
    'a curve that is not taken': await by(extra.p384),
    'RSA with 1024 bits': await signSmall(),
    'PS256 with the RSA key': assembled({ alg: 'PS256', kid: 'rsa-1' }, user(), good.split('.')[2]),
  }
  for (const [what, token] of Object.entries(tokens)) assertRefused(await mine(token), 401, 'invalid_token', what)
})

async function signSmall() {
  const unsigned = assembled({ alg: 'RS256', kid: 'rsa-1024' }, user()).slice(0, -1)
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', extra.small.privateKey, new TextEncoder().encode(unsigned))
  return `${unsigned}.${Buffer.from(signature).toString('base64url')}`
}

test('a key that the token brings along is not looked at', async () => {
  const own = await keyPair('RS256', 'own')
  const trap = await startKeyServer(own)
  for (const header of [{ jwk: own.jwk }, { jku: trap.url }, { x5u: trap.url }, { jwk: own.jwk, kid: 'rsa-1' }]) {
    assertRefused(await mine(await by(own, user(), header)), 401, 'invalid_token', JSON.stringify(header))
  }
  assert.equal(trap.fetches(), 0)
  await trap.stop()
})

test('Cloudflare Access: its assertion reads; a write by it alone is JSON from this site or an allowed one', async () => {
  const token = await by(rsa)
  const assertion = { 'cf-access-jwt-assertion': token }
  assert.equal((await stage.api('GET', '/api/streams?mine=true', { headers: assertion })).status, 200)
  const json = 'application/json'
  const writes = [
    [{ origin: stage.worker }, json, 201],
    [{ origin: 'https://app.example' }, json, 201],
    [{ origin: 'https://app.example' }, 'application/json; charset=utf-8', 201],
    [{ origin: 'https://evil.example' }, json, 403],
    [{ origin: 'null' }, json, 403],
    [{ origin: `${stage.worker}.evil.example` }, json, 403],
    [{}, json, 403],
    [{ origin: stage.worker }, 'text/plain', 403],
    [{ origin: stage.worker }, 'application/x-www-form-urlencoded', 403],
    [{ origin: 'https://evil.example', authorization: `Bearer ${token}` }, json, 201],
  ]
  for (const [headers, type, status] of writes) {
    const about = JSON.stringify([headers.origin, type])
    const options = { headers: { ...assertion, 'content-type': type, ...headers }, body: '{"title":"By Access"}' }
    const answer = await stage.api('POST', '/api/streams', options)
    assert.equal(answer.status, status, about)
    if (status === 403) assertRefused(answer, 403, 'foreign_origin', about)
  }
  assertRefused(await stage.api('GET', '/api/streams', { headers: { 'cf-access-jwt-assertion': 'garbage' } }), 401, 'invalid_token')
  const nobody = await signed(claims('bob'), { key: 'x'.repeat(40) })
  assertRefused(await stage.api('GET', '/api/streams?mine=true', { headers: { ...assertion, authorization: `Bearer ${nobody}` } }), 401)
})

test('a write without a body by Access alone is held to the same', async () => {
  const { body } = await stage.api('POST', '/api/streams', { headers: { authorization: `Bearer ${await by(rsa)}` }, body: { title: 'To end' } })
  const end = (headers) => stage.api('POST', `/api/streams/${body.id}/end`, { headers: { 'cf-access-jwt-assertion': token, ...headers } })
  const token = await by(rsa)
  assertRefused(await end({ origin: stage.worker }), 403, 'foreign_origin')
  assertRefused(await end({ origin: 'https://evil.example', 'content-type': 'application/json' }), 403, 'foreign_origin')
  assert.equal((await end({ origin: stage.worker, 'content-type': 'application/json' })).status, 200)
})

test('with a secret too, each kind of token is checked by its own key; issuer and audience bind the provider\'s alone', async () => {
  const both = await start({ vars: hosted })
  try {
    assert.equal((await mine(await by(ec), both)).status, 200)
    assert.equal((await mine(await signed(claims('alice', { aud: undefined })), both)).status, 200)
    assertRefused(await mine(await signed(claims('alice'), { key: await exportSPKI(rsa.publicKey) }), both), 401, 'invalid_token')
    assertRefused(await mine(await by(ec, user({ iss: 'elsewhere' })), both), 401, 'invalid_token')
  } finally {
    await both.stop()
  }
})
