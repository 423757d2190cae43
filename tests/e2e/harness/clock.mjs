// The Worker alone, without LiveKit and Storj, with a clock that the test moves: what counts for minutes or hours is
// tested in milliseconds. A module around the built one puts another `Date` in place, all that the Worker knows of time.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from 'wrangler'
import { freePort } from '../../../scripts/parts/ports.mjs'
import { root } from '../../../scripts/parts/processes.mjs'
import { killWithUsAll, workerds } from './workerds.mjs'

const around = `
import Worker from './index.js'
const Real = Date
let ahead = 0
globalThis.Date = class extends Real {
  constructor(...given) {
    super(...(given.length > 0 ? given : [Real.now() + ahead]))
  }
  static now() {
    return Real.now() + ahead
  }
}
export default class extends Worker {
  fetch(request) {
    const set = request.headers.get('x-test-clock')
    if (set === null) return super.fetch(request)
    ahead = Number(set)
    return new Response(null, { status: 204 })
  }
}
`

/** Starts it: `api(method, path, {headers, body})`, `clock(ms)` sets how far it is ahead, `logs()`, `stop()`. */
export async function startWithClock(vars) {
  await workerds() // Without `ps` nothing is started.
  const address = `http://127.0.0.1:${await freePort()}`
  const { workerOptions } = unstable_getMiniflareWorkerOptions(path.join(root, 'wrangler.toml'))
  const { modulesRules: _, ...options } = workerOptions
  const build = (file) => path.join(root, 'build', file)
  const lines = []
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...options,
      bindings: vars,
      modulesRoot: path.join(root, 'build'),
      modules: [
        { type: 'ESModule', path: build('with-clock.js'), contents: around },
        { type: 'ESModule', path: build('index.js') },
        { type: 'CompiledWasm', path: build('index_bg.wasm') },
      ],
      host: '127.0.0.1',
      port: Number(new URL(address).port),
      cf: false,
      handleStructuredLogs: ({ message }) => lines.push(message),
    }),
  )
  await miniflare.ready
  const forget = killWithUsAll(await workerds())
  await migrate(await miniflare.getD1Database('DB'))
  return {
    address,
    async api(method, target, { headers = {}, body } = {}) {
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const init = { method, headers: { ...type, ...headers }, body: body && JSON.stringify(body) }
      const response = await fetch(`${address}${target}`, init)
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, body: text && JSON.parse(text) }
    },
    clock: (ms) => fetch(address, { headers: { 'x-test-clock': String(ms) } }),
    logs: () => lines,
    async stop() {
      await miniflare.dispose()
      forget()
    },
  }
}

async function migrate(db) {
  const folder = path.join(root, 'migrations')
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.sql')).sort()) {
    await db.batch(unstable_splitSqlQuery(readFileSync(path.join(folder, name), 'utf8')).map((sql) => db.prepare(sql)))
  }
}
