// What is wrong with a deployed Worker: `npm run doctor -- https://… [--token …] [--origin https://your.app]`.
//
// Asks GET /api/doctor, which needs an admin's token: --token, else one signed with AUTH_JWT_SECRET (from the environment
// or .dev.vars). Where that is not taken, sign-in may be what is wrong: then /healthz, which needs nobody, tells what it can.

import { parseArgs } from 'node:util'
import { readDevVars } from './parts/dev-vars.mjs'
import { main, print, Stop } from './parts/steps.mjs'
import { mint } from './token.mjs'

/** Longer than all the doctor's time-outs together would be no answer either. */
const PATIENCE_MS = 120_000

async function get(url, headers) {
  let response
  try {
    response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) })
  } catch (error) {
    throw new Stop(`Nothing answers at ${url}: ${error.cause?.code ?? error.name}.`, { remedy: 'Is that the address that `npm run deploy` printed?' })
  }
  const text = await response.text()
  try {
    return { status: response.status, body: JSON.parse(text) }
  } catch {
    throw new Stop(`${url} answers ${response.status}, and not as this Worker does.`, { remedy: 'Is that the address that `npm run deploy` printed?' })
  }
}

function show({ ok, name, what, remedy }) {
  print(`${ok ? (remedy ? '•' : '✓') : '✗'} ${name}: ${what}`)
  if (remedy) print(`    → ${remedy}`)
}

/** What /healthz tells, in the doctor's form. */
function fromHealth({ faults, database, scheduleAgeSeconds, scheduleLate, webhookAgeSeconds }) {
  const age = (seconds) => (seconds === null ? 'never' : `${seconds} s ago`)
  return [
    ...faults.map(({ name, expected }) => ({ ok: false, name, what: 'this variable is missing or faulty', remedy: expected })),
    { ok: database === 'ok', name: 'database', what: `D1: ${database}`, remedy: database === 'ok' ? null : 'npm run deploy applies the migrations' },
    { ok: !scheduleLate, name: 'schedule', what: `ran ${age(scheduleAgeSeconds)}`, remedy: scheduleLate ? 'is `crons` set in wrangler.toml?' : null },
    { ok: true, name: 'webhooks_seen', what: `the last one came ${age(webhookAgeSeconds)}`, remedy: null },
  ]
}

/** Examines the Worker at `url`, prints what was found, and answers whether all is well. */
export async function examine(url, { token, origin } = {}) {
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(origin && { origin }) }
  const { status, body } = await get(`${url}/api/doctor`, headers)
  if (status === 200) {
    body.checks.forEach(show)
    return body.ok
  }
  print(`✗ sign_in: the doctor answers ${status} ${body.code}: ${body.message}`)
  const whose = status === 403 ? 'The token is not an admin’s: ADMIN_USER_IDS, or the claim role: "service_role".' : body.hint
  if (whose) print(`    → ${whose}`)
  print('\n/healthz, which needs no sign-in, tells:')
  fromHealth((await get(`${url}/healthz`)).body).forEach(show)
  return false
}

function options() {
  const text = { type: 'string' }
  const usage = { remedy: 'npm run doctor -- https://livekit-storj.<account>.workers.dev [--token …] [--origin https://your.app]' }
  try {
    const { values, positionals } = parseArgs({ options: { token: text, origin: text }, allowPositionals: true })
    const [given = 'http://127.0.0.1:8787', ...more] = positionals
    if (more.length > 0) throw new Error(`one address, not ${positionals.length}`)
    return { ...values, url: new URL(given).origin }
  } catch (error) {
    throw new Stop(error.message, usage)
  }
}

await main(import.meta.url, async () => {
  const { url, token, origin } = options()
  const secret = process.env.AUTH_JWT_SECRET || readDevVars().AUTH_JWT_SECRET
  const own = secret && mint(secret, { user: 'doctor', admin: true, minutes: 5 })
  if (!(await examine(url, { token: token ?? own, origin }))) process.exitCode = 1
})
