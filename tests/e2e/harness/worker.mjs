// The built Worker in workerd, by way of Miniflare.
//
// Not wrangler's createTestHarness: that sends the Worker's outgoing requests through this process's fetch, which
// changes them on the way (chunked bodies, added headers); and its reset moves the Worker to another address, while the
// devstack posts webhooks to the first. Here workerd has its own network, and a fixed port.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from 'wrangler'
import { root } from '../../../scripts/parts/processes.mjs'
import { killWithUsAll, workerds } from './workerds.mjs'

process.env.WRANGLER_LOG ??= 'error' // Not a word about .dev.vars, whose values are not used here.

/**
 * Starts the Worker of that `bundle` folder on `port` with these variables and no others. Its database lies in `folder`, or goes
 * with it. `around`: the text of a module that is started in its place and imports it as `./index.js`. `limited`: with the
 * rate-limiting bindings of wrangler.toml, which would count what a whole test file does in a minute.
 */
export async function startWorker(port, vars, { bundle = 'build', folder, around, limited = false } = {}) {
  await workerds() // Without `ps` nothing is started.
  const { workerOptions } = unstable_getMiniflareWorkerOptions(path.join(root, 'wrangler.toml'))
  const { modulesRules: _, ratelimits, ...options } = workerOptions
  const wasm = path.join(root, bundle, 'index_bg.wasm')
  const lines = []
  let restarted = () => {}
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...options,
      ...(limited && { ratelimits }),
      bindings: Object.fromEntries(Object.entries(vars).filter(([, value]) => value !== null)),
      modulesRoot: path.join(root, bundle),
      modules: [
        ...(around ? [{ type: 'ESModule', path: path.join(root, bundle, 'around.js'), contents: around }] : []),
        { type: 'ESModule', path: path.join(root, bundle, 'index.js') },
        // The peer in bench/ has none.
        ...(existsSync(wasm) ? [{ type: 'CompiledWasm', path: wasm }] : []),
      ],
      host: '127.0.0.1',
      port,
      cf: false,
      resourcePersistencePath: folder,
      handleStructuredLogs: ({ level, message }) => lines.push({ level, message }),
      unsafeHandleRuntimeRestart: () => restarted(),
    }),
  )
  // One that did not start would keep this process from ending.
  await miniflare.ready.catch((error) => miniflare.dispose().finally(() => Promise.reject(error)))
  let pids = await workerds()
  let forget = killWithUsAll(pids)
  let db = await miniflare.getD1Database('DB')
  await migrate(db)
  return {
    sql: async (query, ...values) => (await db.prepare(query).bind(...values).all()).results,
    /** `kill -9`, at this very moment. Miniflare starts another workerd on the same data; resolves when it has. */
    async kill() {
      for (const pid of pids) process.kill(pid, 'SIGKILL')
      await new Promise((resolve) => (restarted = resolve))
      forget()
      pids = await workerds()
      forget = killWithUsAll(pids)
      db = await miniflare.getD1Database('DB')
    },
    cron: async () => (await miniflare.getWorker()).scheduled({ cron: '* * * * *' }),
    logs: () => lines.map(({ level, message }) => fields(message) ?? { level, message }),
    reset: () => empty(db),
    async stop() {
      await miniflare.dispose()
      forget()
    },
  }
}

/** Also one that has them already. */
async function migrate(db) {
  const { results } = await db.prepare(OUR_TABLES).all()
  if (results.length > 0) return
  const folder = path.join(root, 'migrations')
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.sql')).sort()) {
    const statements = unstable_splitSqlQuery(readFileSync(path.join(folder, name), 'utf8'))
    await db.batch(statements.map((sql) => db.prepare(sql)))
  }
}

/** D1's and SQLite's own tables stay. */
const OUR_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_*' AND name NOT GLOB 'sqlite*'"

async function empty(db) {
  const { results } = await db.prepare(OUR_TABLES).all()
  const deletions = results.map(({ name }) => db.prepare(`DELETE FROM "${name}"`))
  await db.batch([db.prepare('PRAGMA defer_foreign_keys = on'), ...deletions])
}

function fields(message) {
  try {
    const value = JSON.parse(message)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
