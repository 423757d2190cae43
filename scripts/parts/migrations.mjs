// The database of `npm run dev`: a D1 in .wrangler/state, with the migrations applied.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { wrangler, wranglerEnv } from './node.mjs'
import { root, run } from './processes.mjs'
import { Stop } from './steps.mjs'

export const state = '.wrangler/state'
// Inside the state, so that it goes when somebody deletes that.
const applied = path.join(root, state, 'applied-migrations.json')

export async function migrateLocal(say) {
  const now = migrations()
  const before = existsSync(applied) ? JSON.parse(readFileSync(applied, 'utf8')) : {}
  const changed = Object.keys(before).find((name) => now[name] !== before[name])
  if (changed) {
    throw new Stop(`migrations/${changed} was changed after it had been applied to the local database.`, {
      remedy: 'npm run dev -- --fresh    (starts over with an empty one)',
    })
  }
  if (Object.keys(now).every((name) => name in before)) return
  say('wrangler d1 migrations apply DB --local')
  const [node, args] = wrangler('d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', state)
  const { code, output } = await run(node, args, { env: { ...wranglerEnv, CI: 'true' } }) // CI: asks nothing
  if (code !== 0) throw new Stop('The migrations could not be applied to the local database.', { detail: output })
  mkdirSync(path.dirname(applied), { recursive: true })
  writeFileSync(applied, JSON.stringify(now, null, 2))
}

export const forgetLocal = () => rmSync(path.join(root, state), { recursive: true, force: true })

/** File name → checksum. */
function migrations() {
  const folder = path.join(root, 'migrations')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.sql')) : []
  const sum = (name) => createHash('sha256').update(readFileSync(path.join(folder, name))).digest('hex')
  return Object.fromEntries(names.sort().map((name) => [name, sum(name)]))
}
