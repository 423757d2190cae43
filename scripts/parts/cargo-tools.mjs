// The two command line tools that turn Rust into a Worker: worker-build and wasm-bindgen.
//
// Their versions follow the libraries in Cargo.lock, which they must equal: worker-build refuses another `worker`,
// and wasm-bindgen's output is read only by its own version.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { findOnPath, isExecutable, root, run } from './processes.mjs'
import { Stop } from './steps.mjs'

const tools = {
  'worker-build': { library: 'worker', bin: 'worker-build' },
  'wasm-bindgen-cli': { library: 'wasm-bindgen', bin: 'wasm-bindgen' },
}

/** What is compiled once and kept for all checkouts; `cargo install` elsewhere could replace the version. */
export const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'livekit-storj')

export function toolVersion(name) {
  const lock = readFileSync(path.join(root, 'Cargo.lock'), 'utf8')
  const found = new RegExp(`^name = "${tools[name].library}"\\nversion = "(.+)"`, 'm').exec(lock)
  if (!found) throw new Stop(`Cargo.lock has no ${tools[name].library}.`, { remedy: 'git checkout Cargo.lock' })
  return found[1]
}

/** The path of a tool in exactly the locked version: from PATH or from our own folder. Null if it is in neither. */
export async function findTool(name) {
  const { bin } = tools[name]
  const version = toolVersion(name)
  const ours = path.join(cache, `${name}-${version}`, 'bin', bin)
  if (isExecutable(ours)) return ours
  const theirs = findOnPath(bin)
  if (!theirs) return null
  const { stdout } = await run(theirs, ['--version'])
  return stdout.trim().split(' ').at(-1) === version ? theirs : null
}

export async function installTool(name, say) {
  if (await findTool(name)) return
  const version = toolVersion(name)
  const args = ['install', name, '--version', version, '--root', path.join(cache, `${name}-${version}`)]
  let crates = 0
  const onLine = (line) => {
    if (/^\s*Compiling/.test(line)) say(`compiled once, about 3 min; ${++crates} crates so far`)
  }
  say('cargo install, compiled once, about 3 min')
  // A crate of its lock file may have been withdrawn since: without --locked cargo takes the next version.
  let result
  for (const locked of [['--locked'], []]) {
    result = await run('cargo', [...args, ...locked], { onLine })
    if (result.code === 0 && (await findTool(name))) return
  }
  const detail = result.output.split('\n').slice(-30).join('\n')
  throw new Stop(`${name} ${version} could not be installed.`, { remedy: `cargo ${args.join(' ')}`, detail })
}
