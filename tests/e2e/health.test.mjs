// GET /healthz, and what the other routes say while the configuration is faulty.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { authSecret, livekitKey, start, storjKey } from './harness/harness.mjs'

const running = []
after(() => Promise.all(running.map((stage) => stage.stop())))

async function begin(vars) {
  const stage = await start({ vars })
  running.push(stage)
  return stage
}

const members = ['database', 'faults', 'ok', 'scheduleAgeSeconds', 'scheduleLate', 'version', 'webhookAgeSeconds']

test('a right configuration: 200 for anyone, with version and ages, and HEAD without the body', async () => {
  const stage = await begin({})
  const answer = await stage.api('GET', '/healthz')
  assert.equal(answer.status, 200)
  assert.deepEqual(Object.keys(answer.body).sort(), members)
  assert.match(answer.body.version, /^\d+\.\d+\.\d+/)
  const { version: _, ...rest } = answer.body
  assert.deepEqual(rest, { ok: true, faults: [], database: 'ok', scheduleAgeSeconds: null, scheduleLate: false, webhookAgeSeconds: null })
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  for (const authorization of ['Bearer garbage', 'Basic x', `Bearer ${stage.token('alice')}`]) {
    assert.equal((await stage.api('GET', '/healthz', { headers: { authorization } })).status, 200, authorization)
  }
  const head = await stage.api('HEAD', '/healthz')
  assert.deepEqual([head.status, head.text], [200, ''])
  await stage.cron()
  const { body } = await stage.api('GET', '/healthz')
  assert.ok(body.scheduleAgeSeconds >= 0 && body.scheduleAgeSeconds < 10, `schedule: ${body.scheduleAgeSeconds}`)
})

test('the ages are of the last schedule run and the last webhook, and a late schedule is said to be late', async () => {
  const stage = running[0]
  await stage.sql('UPDATE pulse SET at = ?', Date.now() - 10 * 60_000)
  await stage.sql("INSERT INTO webhook_events VALUES ('EV_1', 'x', 'room_started', ?)", Date.now() - 90_000)
  const { body } = await stage.api('GET', '/healthz')
  assert.ok(Math.abs(body.scheduleAgeSeconds - 600) < 5 && Math.abs(body.webhookAgeSeconds - 90) < 5, JSON.stringify(body))
  assert.equal(body.scheduleLate, true)
})

const routes = [
  ['GET', '/api/streams'],
  ['GET', '/api/recordings/x/playback'],
  ['POST', '/api/streams'],
  ['POST', '/livekit-egress'],
  ['POST', '/functions/v1/livekit-egress/stop'],
  ['POST', '/livekit-token'],
  ['POST', '/livekit-webhook'],
]

async function assertFaulty(vars, names) {
  const stage = await start({ vars })
  await assertTold(stage, vars, names).finally(() => stage.stop())
}

async function assertTold(stage, vars, names) {
  const answer = await stage.api('GET', '/healthz')
  assert.equal(answer.status, 503)
  assert.deepEqual(Object.keys(answer.body).sort(), members)
  assert.equal(answer.body.ok, false)
  assert.deepEqual(answer.body.faults.map(({ name }) => name).sort(), [...names].sort())
  for (const fault of answer.body.faults) assert.ok(fault.expected.length > 0)
  const everything = [answer.text]
  for (const [method, path] of routes) {
    const refused = await stage.api(method, path, { user: 'alice', body: method === 'POST' ? { title: 'x' } : undefined })
    assertRefused(refused, 503, 'not_configured', path)
    assert.ok(refused.headers.get('retry-after') > 0)
    everything.push(refused.text)
  }
  await stage.cron()
  everything.push(JSON.stringify(stage.logs()))
  const secrets = [livekitKey.secret, storjKey.secret, authSecret, ...Object.values(vars).filter((value) => value?.length > 4)]
  for (const value of secrets) assert.ok(!everything.join().includes(value), `a value is told: ${value}`)
  const head = await stage.api('HEAD', '/healthz')
  assert.deepEqual([head.status, head.text], [503, ''])
}

test('what is not set is named, all of it at once; empty is not set', async () => {
  const required = ['LIVEKIT_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET', 'STORJ_ACCESS_KEY_ID', 'STORJ_SECRET_ACCESS_KEY', 'STORJ_BUCKET', 'STORJ_ENDPOINT']
  const all = [...required, 'AUTH_JWT_SECRET']
  await assertFaulty(Object.fromEntries(all.map((name) => [name, null])), all)
  await assertFaulty(Object.fromEntries(all.map((name) => [name, '  '])), all)
  await assertFaulty({ LIVEKIT_URL: null }, ['LIVEKIT_URL'])
})

test('values that cannot be are named, and never told', async () => {
  const wrong = {
    LIVEKIT_URL: 'ftp://livekit-secret.example',
    STORJ_BUCKET: 'Not A Bucket',
    STORJ_ENDPOINT: 'https://user:hunter22@gateway.example/path',
    STORJ_REGION: 'us east?secret',
    STORJ_OBJECT_TTL: '30days',
    AUTH_JWT_SECRET: 'too-short-for-this',
    PUBLIC_URL: 'https://worker.example/with/path',
    ROOM_PREFIX: 'p'.repeat(65),
    RECORD_FOREIGN_ROOMS: 'everybody',
    DEFAULT_VISIBILITY: 'unlisted',
    ANONYMOUS_VIEWERS: 'sometimes',
    ALLOWED_ORIGINS: 'https://app.example/path-secret',
    DEFAULT_QUALITY: '8k-please',
    STORJ_TIER: 'platinum',
    NOTIFY_URL: 'http://hooks.example/in-clear',
    NOTIFY_SECRET: 'whsec_dG9vLXNob3J0',
    MAX_RECORDING_MINUTES: 'twelve',
    MAX_RECORDINGS_PER_USER: '0001000000',
    LIVEKIT_MINUTE_USD: '7-cents',
  }
  await assertFaulty(wrong, Object.keys(wrong))
})

test('pairs come whole, a key server wants issuer and audience, and a secret shared with LiveKit is refused', async () => {
  const halves = { LIVEKIT_API_KEY_PREVIOUS: 'old-key-id', STORJ_EGRESS_SECRET_ACCESS_KEY: 'egress-secret-0123' }
  await assertFaulty({ ...halves, AUTH_JWKS_URL: 'https://keys-of.example/jwks' }, [
    'LIVEKIT_API_SECRET_PREVIOUS',
    'STORJ_EGRESS_ACCESS_KEY_ID',
    'AUTH_ISSUER',
    'AUTH_AUDIENCE',
  ])
  await assertFaulty({ AUTH_JWT_SECRET: livekitKey.secret }, ['AUTH_JWT_SECRET'])
  const previous = { LIVEKIT_API_KEY_PREVIOUS: 'old-key-id', LIVEKIT_API_SECRET_PREVIOUS: authSecret }
  await assertFaulty(previous, ['AUTH_JWT_SECRET'])
})

test('keys come over TLS, or from this very machine', async () => {
  for (const url of ['http://keys-of.example/jwks', 'https://user@keys-of.example/']) {
    await assertFaulty({ AUTH_JWKS_URL: url, AUTH_ISSUER: 'the-issuer', AUTH_AUDIENCE: 'the-audience' }, ['AUTH_JWKS_URL'])
  }
})

test('a database without tables is 503 and says that it is the database', async () => {
  const stage = await begin({})
  await stage.sql('DROP TABLE pulse')
  const answer = await stage.api('GET', '/healthz')
  assert.deepEqual([answer.status, answer.body.database, answer.body.ok], [503, 'unavailable', false])
  assert.ok(!answer.text.includes('pulse'))
})
