// `npm run deploy`: what would be uploaded, and where it is told; which database is migrated before, and that nothing is
// deployed while it lacks a migration.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { deployOptions } from '../../scripts/parts/deploy-options.mjs'
import { root, run } from '../../scripts/parts/processes.mjs'
import { startCloudflareApi } from './harness/cloudflare-api.mjs'

const login = { CLOUDFLARE_API_TOKEN: '', CLOUDFLARE_ACCOUNT_ID: '', CLOUDFLARE_ENV: '', NO_COLOR: '1' }
const deploy = (args, env = {}) => run(process.execPath, ['scripts/deploy.mjs', ...args], { env: { ...login, ...env } })

test('a dry run of the deployment bundles the Worker with its database, and needs no login', { timeout: 300_000 }, async () => {
  const bundle = path.join(root, '.wrangler/dry-run')
  rmSync(bundle, { recursive: true, force: true })
  const { code, output } = await deploy(['--dryRun=true'])
  assert.equal(code, 0, output)
  assert.match(output, /Total Upload: .* gzip: [\d.]+ KiB/)
  assert.match(output, /env\.DB/)
  assert.ok(existsSync(path.join(bundle, 'index.js')), output)
})

test('a dry run is known by each spelling that wrangler takes', () => {
  const dry = (...args) => deployOptions(args).dry
  for (const option of ['--dry-run', '--dryRun', '--dry-run=true', '--dryRun=true']) assert.equal(dry('--minify', option), true, option)
  for (const option of ['--no-dry-run', '--dry-run=false', '--minify']) assert.equal(dry(option), false, option)
  assert.deepEqual([dry('--dry-run', 'true'), dry('--dry-run', 'false'), dry('--dry-run', '--no-dry-run')], [true, false, false])
  // wrangler would take it for "no".
  assert.throws(() => dry('--dry-run=1'), /--dry-run is true or false/)
  assert.throws(() => dry('--env', '--dry-run'), /--env needs a value/)
})

test('what names a database or an account goes to every command, all else to the deployment alone', () => {
  for (const args of [['--e', 'staging'], ['--env=staging']]) assert.deepEqual(deployOptions(args).common, ['--env=staging'])
  const { common, all, config } = deployOptions(['-e', 'staging', '--minify', '-c=other.toml', '--name', 'x', '--dry-run'])
  assert.deepEqual(common, ['--env=staging', '--config=other.toml'])
  assert.deepEqual(all, ['--env=staging', '--minify', '--config=other.toml', '--name', 'x'])
  assert.equal(config, 'other.toml')
})

/** wrangler.toml with a database in each of two environments; beside the build, for a path in it counts from the file. */
const config = '.wrangler/deploy-test.toml'
after(() => rmSync(path.join(root, config), { force: true }))
function writeConfig() {
  const usual = readFileSync(path.join(root, 'wrangler.toml'), 'utf8').replace('# database_id = ""', 'database_id = "first"')
  const moved = usual.replace('"build/index.js"', '"../build/index.js"').replace('"web/dist"', '"../web/dist"').replace('migrations_dir = "', '$&../')
  const database = '[[env.staging.d1_databases]]\nbinding = "DB"\ndatabase_name = "s"\ndatabase_id = "second"\nmigrations_dir = "../migrations"\n'
  mkdirSync(path.join(root, '.wrangler'), { recursive: true })
  writeFileSync(path.join(root, config), `${moved}\n${database}`)
}

for (const keeps of [true, false]) {
  test(keeps ? 'the migrations reach the database of the same environment' : 'nothing is deployed while a migration is pending', { timeout: 300_000 }, async () => {
    writeConfig()
    const api = await startCloudflareApi({ keeps })
    const env = { CLOUDFLARE_API_BASE_URL: api.url, CLOUDFLARE_API_TOKEN: 'token', CLOUDFLARE_ACCOUNT_ID: 'account', CI: 'true' }
    const { code, output } = await deploy(['--config', config, '-e', 'staging'], env).finally(api.stop)
    assert.notEqual(code, 0, output)
    assert.deepEqual([...new Set(api.queries.map(({ database }) => database))], ['second'], output)
    const last = readdirSync(path.join(root, 'migrations')).sort().at(-1)
    assert.ok(api.queries.some(({ sql }) => sql.includes(`'${last}'`)), output)
    assert.equal(api.workers.length > 0, keeps, `${api.workers}\n${output}`)
    if (!keeps) assert.match(output, /Not deployed: the database still lacks migrations/)
  })
}
