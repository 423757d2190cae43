// Variables that change under a running isolate: with a deployment that changes them alone, Cloudflare goes on with the
// isolates that are there. A module around the Worker hands it other variables from one request to the next.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mint } from '../../scripts/token.mjs'
import { authSecret, start } from './harness/harness.mjs'

const otherVariables = `
import Worker from './index.js'
let changed = {}
export default class extends Worker {
  constructor(context, env) {
    super(context, { ...env, ...changed })
  }
  fetch(request) {
    const set = request.headers.get('x-test-variables')
    if (set === null) return super.fetch(request)
    changed = JSON.parse(set)
    return new Response()
  }
}
`

let stage
before(async () => {
  stage = await start({ around: otherVariables })
})
after(() => stage?.stop())

const change = (variables) => fetch(stage.worker, { headers: { 'x-test-variables': JSON.stringify(variables) } })
const mine = async (secret) => {
  const headers = { authorization: `Bearer ${mint(secret, { user: 'alice' })}` }
  return (await stage.api('GET', '/api/recordings?mine=true', { headers })).status
}

test('the next request is answered by the variables that it came with', async () => {
  const other = 'another-caller-secret-0123456789abcdef'
  assert.deepEqual([await mine(authSecret), await mine(other)], [200, 401])
  await change({ AUTH_JWT_SECRET: other })
  assert.deepEqual([await mine(authSecret), await mine(other)], [401, 200], 'the secret that was replaced counts no more')
  await change({ LIVEKIT_URL: 'nonsense' })
  const { status, body } = await stage.api('GET', '/healthz')
  assert.deepEqual([status, body.faults.map(({ name }) => name)], [503, ['LIVEKIT_URL']])
  assert.equal(await mine(other), 503)
  await change({})
  assert.deepEqual([(await stage.api('GET', '/healthz')).status, await mine(authSecret), await mine(other)], [200, 200, 401])
})
