// Puts the Worker on Cloudflare: `npm run deploy`. First the database's migrations, then the code that needs them.
// `npm run deploy -- --dry-run` builds and bundles all the same, without logging in anywhere. Other options go to wrangler;
// those that name a database or an account (`--env`, `--config` …) also to the migrations.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { build, checkSize } from './build.mjs'
import { deployOptions } from './parts/deploy-options.mjs'
import { wrangler, wranglerEnv } from './parts/node.mjs'
import { root, run, runHere } from './parts/processes.mjs'
import { main, step, Stop } from './parts/steps.mjs'
import { buildWeb } from './parts/web.mjs'
import { setupBuild } from './setup.mjs'

const DRY_RUN_DIR = '.wrangler/dry-run'

async function deploy({ dry, config, common, all }) {
  if (!dry) checkDatabase(config)
  await setupBuild()
  await step('pages', buildWeb)
  await step('Worker', async (say) => {
    const unchanged = await build(say)
    return [unchanged, checkSize()].filter(Boolean).join('; ')
  })
  if (!dry) await migrate(common)
  await call('deploy', ...(dry ? ['--outdir', DRY_RUN_DIR, '--dry-run'] : []), ...all)
}

/** wrangler would say that something is missing, not what to do about it. */
function checkDatabase(config) {
  const file = path.resolve(root, config)
  if (!existsSync(file)) return // Or say it well enough.
  if (/^\s*"?database_id"?\s*[=:]\s*"[^"]+"/m.test(readFileSync(file, 'utf8'))) return
  throw new Stop(
    `${config} has no database_id yet. Make the database once, and paste the id that this prints into [[d1_databases]]:`,
    { remedy: 'npx wrangler d1 create livekit-storj' },
  )
}

/** wrangler calls it a success when its question is answered with no: the code would come without what it needs. */
async function migrate(common) {
  await call('d1', 'migrations', 'apply', 'DB', '--remote', ...common)
  const [node, all] = wrangler('d1', 'migrations', 'list', 'DB', '--remote', ...common)
  const { code, output } = await run(node, all, { env: wranglerEnv })
  if (code === 0 && output.includes('No migrations to apply')) return
  const message = code === 0 ? 'Not deployed: the database still lacks migrations that the code needs.' : 'Not deployed: wrangler d1 migrations list failed.'
  throw new Stop(message, { detail: output })
}

async function call(...args) {
  const [node, all] = wrangler(...args)
  const code = await runHere(node, all, { env: wranglerEnv })
  if (code !== 0) throw new Stop(`wrangler ${args.slice(0, 2).join(' ')} failed.`)
}

await main(import.meta.url, () => deploy(deployOptions(process.argv.slice(2))))
