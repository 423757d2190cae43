// Puts the Worker on Cloudflare: `npm run deploy`. First the database's migrations, then the code that needs them.
// `npm run deploy -- --dry-run` builds and bundles all the same, without logging in anywhere. Other options go to wrangler.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { build, checkSize } from './build.mjs'
import { wrangler, wranglerEnv } from './parts/node.mjs'
import { root, runHere } from './parts/processes.mjs'
import { main, step, Stop } from './parts/steps.mjs'
import { buildWeb } from './parts/web.mjs'
import { setupBuild } from './setup.mjs'

const DRY_RUN_DIR = '.wrangler/dry-run'

async function deploy(options) {
  const dry = options.includes('--dry-run')
  if (!dry) checkDatabase()
  await setupBuild()
  await step('pages', buildWeb)
  await step('Worker', async (say) => {
    const unchanged = await build(say)
    return [unchanged, checkSize()].filter(Boolean).join('; ')
  })
  if (!dry) await call('d1', 'migrations', 'apply', 'DB', '--remote')
  await call('deploy', ...(dry ? ['--outdir', DRY_RUN_DIR] : []), ...options)
}

/** wrangler would say that something is missing, not what to do about it. */
function checkDatabase() {
  const config = readFileSync(path.join(root, 'wrangler.toml'), 'utf8')
  if (/^\s*database_id\s*=\s*"[^"]+"/m.test(config)) return
  throw new Stop(
    'wrangler.toml has no database_id yet. Make the database once, and paste the id that this prints into [[d1_databases]]:',
    { remedy: 'npx wrangler d1 create livekit-storj' },
  )
}

async function call(...args) {
  const [node, all] = wrangler(...args)
  const code = await runHere(node, all, { env: wranglerEnv })
  if (code !== 0) throw new Stop(`wrangler ${args.slice(0, 2).join(' ')} failed.`)
}

await main(import.meta.url, () => deploy(process.argv.slice(2)))
