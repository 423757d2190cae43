// The doctor finds what is wrong by doing it. Each test makes one misconfiguration as people make them, and sees it named
// with its remedy, and nothing else called wrong by it.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { after, before, beforeEach, describe, test } from 'node:test'
import { root } from '../../scripts/parts/processes.mjs'
import { assertRefused } from './harness/answers.mjs'
import { assertNamed, examine, writeOnly } from './harness/doctor.mjs'
import { startKeyServer } from './harness/key-server.mjs'
import { livekitKey, start, storjKey, waitFor } from './harness/harness.mjs'
import { eventId, play, roomEvent, sign } from './harness/play.mjs'
import { addJob, addRecording, addStream, contents } from './harness/rows.mjs'

const nobody = 'http://127.0.0.1:9' // The port "discard": nothing listens there.

describe('an installation as it should be', () => {
  let stage, p
  before(async () => {
    stage = await start({
      vars: { STORJ_EGRESS_ACCESS_KEY_ID: writeOnly.key, STORJ_EGRESS_SECRET_ACCESS_KEY: writeOnly.secret, ALLOWED_ORIGINS: 'https://app.example' },
      devstackArgs: ['--write-only-key', `${writeOnly.key}:${writeOnly.secret}`],
    })
    p = play(stage)
  })
  beforeEach(() => stage.reset())
  after(() => stage?.stop())

  const wellBefore = async () => {
    await p.webhook({ ...roomEvent('room_started', { name: 'x', sid: 'RM_x' }) })
    await stage.cron()
  }

  test('all is well, each key’s rights are told, and no probe is left behind', async () => {
    await wellBefore()
    const { wrong, find } = await examine(stage)
    assert.deepEqual(wrong, [])
    assert.match(find('storj_key').what, /may write, overwrite, read, list, delete$/)
    assert.match(find('storj_egress_key').what, /may write; may not overwrite, read, list, delete/)
    assert.match(find('storj_egress_key').remedy, /safety copy stays off/)
    const probes = (await p.look('/dev/s3')).objects.filter(({ key }) => key.includes('/_probe/'))
    assert.ok(probes.length <= 1, 'only the key that may not delete leaves one, which expires')
  })

  test('it is for admins', async () => {
    assertRefused(await stage.api('GET', '/api/doctor'), 401, 'not_signed_in')
    assertRefused(await stage.api('GET', '/api/doctor', { user: 'alice' }), 403, 'admins_only')
    assertRefused(await stage.api('GET', '/api/doctor?x=1', { admin: true }), 400, 'invalid_request')
  })

  test('no webhook ever came: where to add it, and with which key', async () => {
    await stage.cron()
    const { wrong, find } = await examine(stage)
    assert.deepEqual(wrong, ['webhooks_seen'])
    assert.match(find('webhooks_seen').remedy, /Settings → Webhooks.*\/livekit-webhook.*API key devkey/)
  })

  test('a room opened and nothing was told of it', async () => {
    await wellBefore()
    await p.ages(10 * 60_000)
    await addStream(stage, 's1', { session_sid: 'RM_1', session_at: Date.now() })
    await stage.cron()
    assert.match((await examine(stage)).find('webhooks_seen').what, /a room opened after the last webhook, 10 minutes ago/)
  })

  const refusedAs = async (authorization, body) => {
    assert.equal((await p.webhook(null, { body, authorization })).status, 401)
    await wellBefore()
    const { wrong, find } = await examine(stage)
    assert.deepEqual(wrong, ['webhooks_refused'])
    return find('webhooks_refused')
  }
  const body = () => JSON.stringify({ event: 'room_started', id: eventId() })

  test('webhooks signed with another API key: that key is named', async () => {
    const text = body()
    const { what, remedy } = await refusedAs(await sign(text, { key: 'APIother', secret: 'other-secret-0123456789abcdef012345678' }), text)
    assert.match(what, /signed with APIother were refused.*unknown key/)
    assert.match(remedy, /choose the API key devkey.*LIVEKIT_API_KEY/)
  })

  test('webhooks signed with the right key’s name and another secret', async () => {
    const text = body()
    const { what, remedy } = await refusedAs(await sign(text, { key: livekitKey.key, secret: 'other-secret-0123456789abcdef012345678' }), text)
    assert.match(what, /signed with devkey.*bad signature/)
    assert.match(remedy, /LIVEKIT_API_SECRET/)
  })

  test('something on the way changes the body', async () => {
    const { what, remedy } = await refusedAs(await sign(body()), body())
    assert.match(what, /body altered/)
    assert.match(remedy, /between LiveKit and this Worker/)
  })

  test('LiveKit’s clock is wrong: its webhooks come expired', async () => {
    await wellBefore()
    await p.faults({ livekit_clock_s: -3600 })
    await p.stranger('talk', 'zoe')
    await p.settled()
    const { wrong, find } = await examine(stage)
    assert.deepEqual(wrong, ['webhooks_refused'])
    assert.match(find('webhooks_refused').what, /signed with devkey.*expired/)
    assert.match(find('webhooks_refused').remedy, /clock.*NTP/)
  })

  test('the S3 gateway’s clock is wrong', async () => {
    await wellBefore()
    await p.faults({ storage_clock_s: 3600 })
    await assertNamed(stage, 'storj_clock', /clock.*15 minutes/, /NTP/)
  })

  test('the schedule does not run', async () => {
    await wellBefore()
    await p.ages(10 * 60_000)
    await p.webhook({ ...roomEvent('room_started', { name: 'x', sid: 'RM_x' }) })
    const { wrong, find } = await examine(stage)
    assert.deepEqual(wrong, ['schedule'])
    assert.match(find('schedule').what, /ran last 10 minutes ago/)
    assert.match(find('schedule').remedy, /crons.*wrangler\.toml/)
  })

  test('a page of another origin may not call: its origin is named', async () => {
    await wellBefore()
    await assertNamed(stage, 'cors', /pages of https:\/\/else\.example may not/, /ALLOWED_ORIGINS.*https:\/\/else\.example/, { origin: 'https://else.example' })
    assert.match((await examine(stage, { origin: 'https://app.example' })).find('cors').what, /may call/)
  })

  test('a recording under way uploads with a key that was replaced', async () => {
    await wellBefore()
    await addStream(stage, 's1')
    await addJob(stage, 's1', { status: 'recording', storage_key: 'of-another-key' })
    await assertNamed(stage, 'storage_key_in_use', /1 recordings under way/, /do not revoke.*before they have ended/)
  })

  test('recordings that expire soon are announced', async () => {
    await wellBefore()
    await addRecording(stage, 'r1', { expires_at: Date.now() + 86_400_000 })
    const { find, wrong } = await examine(stage)
    assert.deepEqual(wrong, [])
    assert.match(find('retention').what, /1 recordings expire within a week/)
    assert.match(find('retention').remedy, /save/)
  })

  test('the key may not write any more', async () => {
    await wellBefore()
    await p.faults({ storage: [{ on: `PUT by ${storjKey.key}`, status: 403, code: 'AccessDenied' }] })
    const { find } = await examine(stage)
    assert.match(find('storj_key').what, /STORJ_ACCESS_KEY_ID may not write/)
  })

  test('a migration is missing: named by its file', async () => {
    await wellBefore()
    await stage.sql('DROP TABLE webhook_refusals')
    await assertNamed(stage, 'database', /0005_account\.sql/, /npm run deploy/)
  })

  test('no line of the log tells a secret', () => p.tellsNoSecret([writeOnly.secret]))
})

/** Misconfigurations by variable: `[what it is, vars, check, what, remedy]`. */
const faulty = [
  ['LIVEKIT_URL leads nowhere', { LIVEKIT_URL: nobody }, 'livekit_url', /does not answer at LIVEKIT_URL/, /LIVEKIT_URL.*livekit\.cloud/],
  ['LIVEKIT_URL is of something else', ({ s3 }) => ({ LIVEKIT_URL: s3 }), 'livekit_url', /not LiveKit/, /dashboard/],
  ['the API key is of another project', { LIVEKIT_API_KEY: 'APIother' }, 'livekit_key', /does not know the API key LIVEKIT_API_KEY/, /Settings → Keys.*LIVEKIT_URL/],
  ['the API secret is another’s', { LIVEKIT_API_SECRET: 'other-secret-0123456789abcdef012345678' }, 'livekit_key', /LIVEKIT_API_SECRET is not its secret/, /secret of that key/],
  ['PUBLIC_URL is not set', { PUBLIC_URL: null }, 'public_url', /not set/, /set PUBLIC_URL.*http:\/\/127\.0\.0\.1/],
  ['STORJ_ENDPOINT leads nowhere', { STORJ_ENDPOINT: nobody }, 'storj_endpoint', /nothing answers at STORJ_ENDPOINT/, /gateway\.storjshare\.io/],
  ['STORJ_ENDPOINT is of something else', ({ livekit }) => ({ STORJ_ENDPOINT: livekit }), 'storj_endpoint', /no S3 gateway/, /without a path/],
  ['the access key is unknown', { STORJ_ACCESS_KEY_ID: 'unknownkey' }, 'storj_key', /does not know the access key STORJ_ACCESS_KEY_ID/, /revoked or expired/],
  ['the access key’s secret is another’s', { STORJ_SECRET_ACCESS_KEY: 'anothersecretanothersecretanother' }, 'storj_key', /STORJ_SECRET_ACCESS_KEY is not its secret/, /copy STORJ_SECRET_ACCESS_KEY/],
  ['the bucket is not there', { STORJ_BUCKET: 'no-such-bucket' }, 'storj_bucket', /STORJ_BUCKET is not there/, /very Storj project/],
  ['the main key may only write', { STORJ_ACCESS_KEY_ID: writeOnly.key, STORJ_SECRET_ACCESS_KEY: writeOnly.secret }, 'storj_key', /may write; may not overwrite, read, list, delete/, /read, write, list and delete/],
  ['LiveKit’s key has a wrong secret', { STORJ_EGRESS_ACCESS_KEY_ID: writeOnly.key, STORJ_EGRESS_SECRET_ACCESS_KEY: 'wrong-wrong-wrong' }, 'storj_egress_key', /STORJ_EGRESS_SECRET_ACCESS_KEY is not its secret/, /copy STORJ_EGRESS_SECRET_ACCESS_KEY/],
  ['the key server is away', { AUTH_JWKS_URL: `${nobody}/jwks`, AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' }, 'sign_in', /AUTH_JWKS_URL does not answer/, /jwks\.json/],
]

describe('variables that are wrong', () => {
  for (const [title, vars, check, what, remedy] of faulty) {
    test(title, async () => {
      const stage = await start({ vars, devstackArgs: ['--write-only-key', `${writeOnly.key}:${writeOnly.secret}`] })
      try {
        await assertNamed(stage, check, what, remedy)
      } finally {
        await stage.stop()
      }
    })
  }

  test('the key server gives no keys', async () => {
    const server = await startKeyServer()
    const stage = await start({ vars: { AUTH_JWKS_URL: server.url, AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' } })
    try {
      await assertNamed(stage, 'sign_in', /no key set with a usable key/, /AUTH_JWKS_URL/)
    } finally {
      await stage.stop()
      await server.stop()
    }
  })

  test('the previous key is still in use, and then it is not', async () => {
    const vars = { LIVEKIT_API_KEY: 'APInew', LIVEKIT_API_SECRET: 'new-secret-0123456789abcdef0123456789' }
    const devstackArgs = ['--api-key', vars.LIVEKIT_API_KEY, '--api-secret', vars.LIVEKIT_API_SECRET]
    const before = { LIVEKIT_API_KEY_PREVIOUS: livekitKey.key, LIVEKIT_API_SECRET_PREVIOUS: livekitKey.secret }
    const stage = await start({ vars: { ...vars, ...before }, devstackArgs })
    const p = play(stage)
    try {
      assert.match((await examine(stage)).find('previous_key').remedy, /remove it/)
      assert.equal((await p.webhook(roomEvent('room_started', { name: 'x', sid: 'RM_x' }))).status, 200)
      await assertNamed(stage, 'previous_key', /still signs with the previous key/, /wait a day/)
    } finally {
      await stage.stop()
    }
  })

  test('NOTIFY_URL does not take what it is told', async () => {
    const vars = { NOTIFY_URL: `${nobody}/in`, NOTIFY_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }
    const stage = await start({ vars })
    try {
      await addRecording(stage, 'r1')
      await stage.sql('DELETE FROM assets')
      await stage.cron()
      await assertNamed(stage, 'notify', /did not answer to the last message/, /2xx within 10 s/)
    } finally {
      await stage.stop()
    }
  })
})

describe('npm run doctor', () => {
  const script = path.join(root, 'scripts', 'doctor.mjs')
  /** `{code, out}` of the script in an environment of its own. */
  const run = (args, env = {}) =>
    promisify(execFile)(process.execPath, [script, ...args], { env: { PATH: process.env.PATH, ...env } }).then(
      ({ stdout }) => ({ code: 0, out: stdout }),
      ({ code, stdout, stderr }) => ({ code, out: stdout + stderr }),
    )

  test('prints every check with its remedy, and its exit code says whether all is well', async () => {
    const stage = await start()
    try {
      const first = await run([stage.worker, '--token', stage.token('root', { admin: true })])
      assert.equal(first.code, 1)
      assert.match(first.out, /✗ webhooks_seen: .*\n {4}→ .*Settings → Webhooks/)
      assert.match(first.out, /✓ storj_key: the main key may write/)
      await play(stage).webhook(roomEvent('room_started', { name: 'x', sid: 'RM_x' }))
      await stage.cron()
      const { code, out } = await run([stage.worker, '--token', stage.token('root', { admin: true }), '--origin', 'https://your.app'])
      assert.equal(code, 1)
      assert.match(out, /✗ cors: pages of https:\/\/your\.app/)
      assert.equal((await run([stage.worker, '--token', stage.token('root', { admin: true })])).code, 0)
      // Nobody's token: told so, and /healthz tells the rest.
      const refused = await run([stage.worker, '--token', 'garbage'])
      assert.equal(refused.code, 1)
      assert.match(refused.out, /✗ sign_in: the doctor answers 401 invalid_token[\s\S]*healthz[\s\S]*✓ database/)
    } finally {
      await stage.stop()
    }
  })

  test('where sign-in itself is misconfigured it falls back to /healthz, which names the variables', async () => {
    const stage = await start({ vars: { AUTH_JWT_SECRET: 'short', STORJ_BUCKET: 'Not A Bucket' } })
    try {
      const { code, out } = await run([stage.worker], { AUTH_JWT_SECRET: 'short' })
      assert.equal(code, 1)
      assert.match(out, /not_configured[\s\S]*✗ STORJ_BUCKET.*\n.*bucket's name[\s\S]*✗ AUTH_JWT_SECRET.*\n.*32 bytes/)
    } finally {
      await stage.stop()
    }
  })

  test('an address where nothing answers, and one that is not this Worker’s', async () => {
    assert.match((await run([nobody])).out, /Nothing answers/)
    assert.equal((await run(['not an address'])).code, 1)
  })
})

describe('a webhook sent for a try', () => {
  let stage, p
  before(async () => {
    stage = await start({ vars: { PUBLIC_URL: 'https://rec.example' } })
    p = play(stage)
  })
  beforeEach(() => stage.reset())
  after(() => stage?.stop())

  const signed = (who = { admin: true }) => stage.api('POST', '/api/doctor/webhook', who)

  test('is taken as LiveKit’s are, changes nothing, and the doctor does not take it for one of LiveKit’s', async () => {
    const before = await contents(stage)
    const { status, body } = await signed()
    assert.equal(status, 200)
    assert.equal(body.url, 'https://rec.example/livekit-webhook')
    const { exp, nbf, iss } = JSON.parse(atob(body.authorization.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
    assert.equal(iss, livekitKey.key)
    assert.ok(exp - nbf <= 300, 'five minutes')
    const taken = await p.webhook(null, body)
    assert.deepEqual([taken.status, taken.body], [200, { success: true }])
    const rows = await stage.sql('SELECT event FROM webhook_events')
    assert.deepEqual(rows, [{ event: 'webhook_test' }])
    assert.deepEqual({ ...(await contents(stage)), webhook_events: [] }, { ...before, webhook_events: [] })
    assert.equal((await stage.api('GET', '/healthz')).body.webhookAgeSeconds, null)
    const { find } = await examine(stage)
    assert.deepEqual([find('webhooks_seen').ok, find('webhooks_seen').what], [false, 'a webhook sent for a try came, and none of LiveKit\'s ever'])
    await p.webhook({ ...roomEvent('room_started', { name: 'x', sid: 'RM_x' }) })
    assert.equal((await examine(stage)).find('webhooks_seen').ok, true)
  })

  test('its signature is for its very body', async () => {
    const { body } = await signed()
    assert.equal((await p.webhook(null, { ...body, body: body.body.replace('webhook_test', 'room_started') })).status, 401)
  })

  test('it is for admins', async () => {
    assertRefused(await signed({}), 401, 'not_signed_in')
    assertRefused(await signed({ user: 'alice' }), 403, 'admins_only')
  })
})

describe('ten seconds recorded for real', () => {
  let stage, p
  before(async () => {
    stage = await start()
    p = play(stage)
  })
  beforeEach(() => stage.reset())
  after(() => stage?.stop())

  const record = (roomName, who = { admin: true }) => stage.api('POST', '/api/doctor/record', { ...who, body: { roomName } })

  test('where somebody publishes: started, recorded, uploaded, looked at, and gone again', async () => {
    await p.stranger('talk', 'zoe', { publish: true })
    const { status, body } = await record('talk')
    assert.deepEqual([status, body.ok], [200, true], JSON.stringify(body))
    assert.deepEqual(body.checks.map(({ name }) => name), ['recording_started', 'recording_runs', 'recording_ended', 'recording_file'])
    assert.match(body.checks[3].what, /\d{5,} bytes/)
    assert.deepEqual((await p.objects()).filter(({ key }) => key.includes('_doctor')), [])
    assert.deepEqual(await stage.sql('SELECT * FROM rehearsals'), [])
    assert.equal((await p.egresses('talk')).length, 1)
    assert.deepEqual(await p.recordings(), [], 'it is nobody’s recording')
  })

  test('refusals: no such room, nobody publishes, no admin', async () => {
    assertRefused(await record('nowhere'), 404, 'room_not_found')
    await p.stranger('quiet', 'zoe')
    assertRefused(await record('quiet'), 409, 'nobody_publishes')
    assertRefused(await record('quiet', { user: 'alice' }), 403, 'admins_only')
    assertRefused(await record('quiet', {}), 401, 'not_signed_in')
    assertRefused(await record(''), 400, 'invalid_request')
    assert.deepEqual(await p.egresses(), [])
  })

  test('a bucket that refuses the upload is named', async () => {
    await p.stranger('talk', 'zoe', { publish: true })
    await p.faults({ storage: [{ on: '_doctor', status: 403 }] })
    const { body } = await record('talk')
    const last = body.checks.at(-1)
    assert.deepEqual([body.ok, last.ok, last.name], [false, false, 'recording_ended'])
    assert.match(last.what, /bucket refuses the key/)
  })

  test('one that was cut off is stopped by the schedule, and its object goes', async () => {
    await p.stranger('talk', 'zoe', { publish: true })
    record('talk').catch(() => {})
    await waitFor(async () => (await p.egresses('talk'))[0]?.status === 'EGRESS_ACTIVE')
    await stage.kill()
    await p.cronAfter(3 * 60_000)
    await waitFor(async () => (await p.egresses('talk'))[0].status === 'EGRESS_COMPLETE')
    await stage.cron()
    assert.deepEqual(await stage.sql('SELECT * FROM rehearsals'), [])
    assert.deepEqual((await p.objects()).filter(({ key }) => key.includes('_doctor')), [])
  })

  test('no line of the log tells a secret', () => p.tellsNoSecret())
})
