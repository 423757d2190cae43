// `npm run deploy`, but for the last step: what would be uploaded, and where it is told.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('a dry run of the deployment bundles the Worker with its database, and needs no login', { timeout: 300_000 }, () => {
  const bundle = path.join(root, '.wrangler/dry-run')
  rmSync(bundle, { recursive: true, force: true })
  const env = { ...process.env, CLOUDFLARE_API_TOKEN: '', CLOUDFLARE_ACCOUNT_ID: '', NO_COLOR: '1' }
  const run = spawnSync(process.execPath, ['scripts/deploy.mjs', '--dry-run'], { cwd: root, env, encoding: 'utf8' })
  const said = run.stdout + run.stderr
  assert.equal(run.status, 0, said)
  assert.match(said, /Total Upload: .* gzip: [\d.]+ KiB/)
  assert.match(said, /env\.DB/)
  assert.ok(existsSync(path.join(bundle, 'index.js')), said)
})
