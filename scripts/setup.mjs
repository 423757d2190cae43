// Finds or installs everything that this project needs besides rustup and Node: `npm run setup`.
// All other scripts call it first; when nothing is missing it takes under a second.

import { installTool } from './parts/cargo-tools.mjs'
import { migrateLocal } from './parts/migrations.mjs'
import { installPackages, packagesMatchLock } from './parts/node.mjs'
import { installNightly, installRust, lostOnStable, workerToolchain } from './parts/rust.mjs'
import { main, step, Stop } from './parts/steps.mjs'

/** What the build needs. */
export async function setupBuild() {
  await step('npm packages', installPackages)
  await step('Rust', installRust)
  await step('Rust nightly', installNightly)
  await step('worker-build', (say) => installTool('worker-build', say))
  await step('wasm-bindgen', (say) => installTool('wasm-bindgen-cli', say))
}

/** The same without a word when nothing is missing, and never touching node_modules: for wrangler, which runs from there. */
export async function setupBuildQuietly() {
  if (!packagesMatchLock()) throw new Stop('The npm packages are not those of package-lock.json.', { remedy: 'npm ci' })
  const silent = () => {}
  await installRust(silent)
  await installTool('worker-build', silent)
  await installTool('wasm-bindgen-cli', silent)
  const { why } = await workerToolchain()
  if (why) console.log(lostOnStable(why))
}

/** What `npm run dev` needs besides. */
export async function setup() {
  await setupBuild()
  await step('local database', migrateLocal)
}

await main(import.meta.url, setup)
