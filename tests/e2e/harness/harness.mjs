// One Worker on the real runtime with a new database, and one devstack, for one test file:
//
//     const stage = await start()
//     after(() => stage.stop())
//     const { status, body } = await stage.api('GET', '/api/recordings', { user: 'alice' })
//
// The Worker is the one in build/, as wrangler.toml describes it; `npm run test:e2e` builds it and the devstack first.
// Everything listens on free ports, so that test files run beside each other.

import { startDevstack } from '../../../scripts/parts/devstack.mjs'
import { freePort } from '../../../scripts/parts/ports.mjs'
import { endGroup } from '../../../scripts/parts/processes.mjs'
import { report } from '../../../scripts/parts/steps.mjs'
import { mint } from '../../../scripts/token.mjs'
import { startWorker } from './worker.mjs'

export const livekitKey = { key: 'devkey', secret: 'devsecret-0123456789abcdef0123456789abcdef' }
export const storjKey = { key: 'devaccess', secret: 'devsecretdevsecretdevsecretdevsecret' }
export const authSecret = 'test-only-caller-secret-0123456789abcdef'
export const bucket = 'recordings'

/**
 * Starts both. `vars`: configuration besides the usual (`null` leaves a name unset), or a function
 * that makes it of the devstack's addresses. `devstackArgs`: more flags for the
 * devstack. `webhookEvents`: only these events reach the project's webhook. `speed` divides LiveKit's waiting times.
 * `bundle`: the folder of another build of the Worker. `folder`: where the database lies, so that another Worker can read it.
 * `around`: a module around the Worker's. `limited`: with its rate-limiting bindings.
 */
export async function start({ vars = {}, devstackArgs = [], webhookEvents, speed = 10, bundle, folder, around, limited } = {}) {
  const port = await freePort()
  const worker = `http://127.0.0.1:${port}`
  let devstack
  try {
    devstack = await startDevstack([
      ...['--livekit', '127.0.0.1:0', '--api-key', livekitKey.key, '--api-secret', livekitKey.secret],
      ...['--s3', '127.0.0.1:0', '--access-key', storjKey.key, '--secret-key', storjKey.secret, '--bucket', bucket],
      ...['--webhook-url', `${worker}/livekit-webhook`, '--speed', String(speed)],
      ...(webhookEvents ? ['--webhook-events', webhookEvents.join(',')] : []),
      ...devstackArgs,
    ])
    const runtime = await startWorker(port, { ...usualVars(devstack, worker), ...(typeof vars === 'function' ? vars(devstack) : vars) }, { bundle, folder, around, limited })
    return stage({ worker, devstack, runtime })
  } catch (error) {
    report(error) // With the devstack's own words, which a test runner would not show.
    if (devstack) await endGroup(devstack.child)
    throw error
  }
}

/** The configuration of a Worker at `worker` with these two as its outside world. */
export function usualVars(devstack, worker) {
  return {
    LIVEKIT_URL: devstack.livekit,
    LIVEKIT_API_KEY: livekitKey.key,
    LIVEKIT_API_SECRET: livekitKey.secret,
    STORJ_ENDPOINT: devstack.s3,
    STORJ_BUCKET: bucket,
    STORJ_ACCESS_KEY_ID: storjKey.key,
    STORJ_SECRET_ACCESS_KEY: storjKey.secret,
    AUTH_JWT_SECRET: authSecret,
    PUBLIC_URL: worker,
  }
}

/** What a test gets; `worker` is the address where it calls the Worker. */
export function stage({ worker, devstack, runtime }) {
  const token = (user, options = {}) => mint(authSecret, { user, ...options })
  const send = async (url, { method, headers = {}, body }) => {
    const raw = body === undefined || typeof body === 'string' || ArrayBuffer.isView(body)
    const type = raw ? {} : { 'content-type': 'application/json' }
    const response = await fetch(url, {
      method,
      headers: { ...type, ...headers },
      body: raw ? body : JSON.stringify(body),
      redirect: 'manual',
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: json(text) }
  }
  return {
    worker,
    livekit: devstack.livekit,
    s3: devstack.s3,
    token,

    /** Calls the Worker: `{status, headers, text, body}`. An object as body goes as JSON; text and bytes go as they are. */
    api(method, path, { user, admin = false, body, headers = {} } = {}) {
      const authorization = user || admin ? { authorization: `Bearer ${token(user ?? 'admin', { admin })}` } : {}
      return send(`${worker}${path}`, { method, headers: { ...authorization, ...headers }, body })
    },

    /** Calls the devstack's side door, e.g. `dev('/dev/join', {token, publish: true})`, and throws if it refuses. */
    async dev(path, body) {
      const answer = await send(`${devstack.livekit}${path}`, { method: 'POST', body })
      if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
      return answer.body
    },

    /** Rows of a query on the Worker's own database. */
    sql: (query, ...values) => runtime.sql(query, ...values),
    /** Runs the schedule once, to its end. */
    cron: () => runtime.cron(),
    /** Kills the Worker's runtime as a power cut would, and waits until another runs on the same data. */
    kill: () => runtime.kill(),
    /** The Worker's log lines so far, oldest first; a line that is not JSON is `{message}`. */
    logs: () => runtime.logs(),
    /** Empties every table, and the devstack of rooms, jobs and faults. Both keep running at their addresses. */
    async reset() {
      await this.dev('/dev/reset')
      await runtime.reset()
    },

    async stop() {
      await runtime.stop()
      await endGroup(devstack.child)
    },
  }
}

/** Waits until `look` returns something true, and returns it. */
export async function waitFor(look, ms = 10_000) {
  const end = Date.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`Waited ${ms} ms in vain for ${look}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

function json(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
