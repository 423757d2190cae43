// The Rust tool chains: the pinned one that formats, lints and tests, and the nightly that builds the Worker.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { findOnPath, root, run } from './processes.mjs'
import { Stop } from './steps.mjs'

const WASM = 'wasm32-unknown-unknown'
const file = (name) => readFileSync(path.join(root, name), 'utf8')
const pinned = () => /^channel = "(.+)"/m.exec(file('rust-toolchain.toml'))[1]

/** The pinned tool chain, with the wasm target. rustup may be told not to install by itself, so it is asked to. */
export async function installRust(say) {
  if (!findOnPath('cargo')) {
    throw new Stop('Rust is missing: `cargo` is not on PATH.', {
      remedy: 'Install Rust from https://rustup.rs, then open a new terminal.',
    })
  }
  const channel = pinned()
  if (findOnPath('rustup')) {
    const { stdout: installed } = await run('rustup', ['toolchain', 'list'])
    if (!installed.split('\n').some((line) => line.startsWith(`${channel}-`))) {
      const parts = ['--profile', 'minimal', '-c', 'clippy', '-c', 'rustfmt', '-t', WASM]
      await rustup(say, ['toolchain', 'install', channel, ...parts], `Rust ${channel} could not be installed.`)
    }
  }
  const sysroot = (await run('rustc', ['--print', 'sysroot'])).stdout.trim()
  if (!existsSync(path.join(sysroot, 'lib/rustlib', WASM))) {
    await rustup(say, ['target', 'add', WASM], `The Rust target ${WASM} could not be installed.`)
  }
}

/** The pinned one: a panic in it takes its neighbours along. */
export const stable = { toolchain: pinned(), panicUnwind: false }

/**
 * The tool chain for the Worker: `{toolchain, panicUnwind, options, why}`. With nightly and its sources a panic costs its
 * own request; without, the Worker is built on the pinned stable and `why` says what stood in the way.
 */
export async function workerToolchain() {
  const nightly = await lookAtNightly()
  if (nightly.why) return { ...stable, why: nightly.why }
  return { toolchain: 'nightly', panicUnwind: true, version: nightly.version, options: nightly.options }
}

/** Tries to get what of nightly is missing, and never replaces a nightly that will do. Failing is only told. */
export async function installNightly(say) {
  const { missing } = await lookAtNightly()
  for (const args of missing ?? []) {
    say(`rustup ${args.join(' ')}`)
    await run('rustup', args)
  }
  const { panicUnwind, why } = await workerToolchain()
  return panicUnwind ? '' : lostOnStable(why)
}

/** What a person should know when there is no nightly. */
export const lostOnStable = (why) => `${why}; built on stable: a panic then takes its neighbours with it`

/** `{version}`, or `{why, missing}`: what stands in the way, and what rustup would have to do. */
async function lookAtNightly() {
  if (!findOnPath('rustup')) return { why: 'Rust is not from rustup' }
  const rustc = (...args) => run('rustc', ['+nightly', ...args], { env: { RUSTUP_AUTO_INSTALL: '0' } })
  const { code, stdout: version } = await rustc('--version')
  const { stdout: sysroot } = await rustc('--print', 'sysroot')
  const whole = ['toolchain', 'install', 'nightly', '--profile', 'minimal', '-c', 'rust-src', '-t', WASM, '--no-self-update']
  if (code !== 0) return { why: 'no nightly Rust', missing: [whole] }
  if (minor(version) < minor(pinned())) return { why: `the nightly Rust is older than ${pinned()}`, missing: [whole] }
  const lib = path.join(sysroot.trim(), 'lib/rustlib')
  const missing = []
  const add = (kind, name) => missing.push([kind, 'add', name, '--toolchain', 'nightly'])
  if (!existsSync(path.join(lib, 'src/rust/library'))) add('component', 'rust-src')
  if (!existsSync(path.join(lib, WASM))) add('target', WASM)
  if (missing.length) return { why: `nightly lacks ${missing[0][2]}`, missing }
  const { stdout: known } = await rustc('-Z', 'help')
  return { version: version.trim(), options: WELCOME.filter((option) => known.includes(` ${option.slice(2).split('=')[0]}=`)) }
}

/**
 * Used where this nightly knows them. `panic-in-drop`: a value whose `drop` panics ends the instance, and none of ours
 * does; so no drop needs a way out of its own, and the Worker is 15 kB smaller (gzip).
 */
const WELCOME = ['-Zpanic-in-drop=abort']

const minor = (version) => Number(/1\.(\d+)/.exec(version)?.[1] ?? 0)

async function rustup(say, args, problem) {
  const remedy = `rustup ${args.join(' ')}`
  say(remedy)
  const { code, output } = await run('rustup', args)
  if (code !== 0) throw new Stop(problem, { remedy, detail: output })
}
