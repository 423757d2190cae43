// npm packages, and the Node that runs wrangler.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root, run } from './processes.mjs'
import { Stop } from './steps.mjs'

const inModules = (...parts) => path.join(root, 'node_modules', ...parts)

/** Programs of npm packages that worker-build needs; it would download them by itself when they are not found. */
export const packageBins = {
  WASM_OPT_BIN: inModules('binaryen', 'bin', 'wasm-opt'),
  ESBUILD_BIN: inModules('esbuild', 'bin', 'esbuild'),
}

/** `npm ci`, if node_modules is not what the lock file says. */
export async function installPackages(say) {
  if (packagesMatchLock()) return
  say('npm ci')
  // --loglevel: `npm --silent test` would otherwise hide the error of this one too.
  const { code, output } = await run('npm', ['ci', '--loglevel=error'])
  if (code === 0 && packagesMatchLock()) return
  throw new Stop('The npm packages could not be installed.', { remedy: 'npm ci', detail: output })
}

/** npm keeps a copy of the lock file of what it installed: so a `npm ci` by hand counts too. */
export function packagesMatchLock() {
  const hidden = inModules('.package-lock.json')
  if (!existsSync(hidden)) return false
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages
  const installed = packages(hidden)
  return Object.entries(packages(path.join(root, 'package-lock.json'))).every(([place, { version, optional }]) => {
    if (place === '') return true // the project itself
    return installed[place] ? installed[place].version === version : optional
  })
}

/** A Node that wrangler runs on: this one, or the one that came as an optional npm package. */
export function wranglerNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 12)) return process.execPath
  const packaged = inModules('.bin', 'node')
  if (existsSync(packaged)) return packaged
  throw new Stop(`wrangler needs Node ≥ 22.12; this is ${process.version}, and npm has no newer one for this machine.`, {
    remedy: 'Install Node 22.12 or newer: https://nodejs.org/en/download',
  })
}

/** wrangler as `[command, args]`. */
export const wrangler = (...args) => [wranglerNode(), [inModules('wrangler', 'bin', 'wrangler.js'), ...args]]

/** No usage statistics, no banner, no log files in the home folder. */
export const wranglerEnv = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false', // The Worker does not read Request.cf: not worth a call to outside.
}
