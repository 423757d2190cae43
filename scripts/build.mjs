// Builds the Worker into build/ and the pages into web/dist, which wrangler.toml names: `npm run build`.
//
// Nothing is done when nothing changed since the last build: its inputs' checksum lies beside its result. So wrangler
// may call this before each start (--quiet), and a second `npm run dev` is quick.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { findTool, toolVersion } from './parts/cargo-tools.mjs'
import { packageBins } from './parts/node.mjs'
import { isExecutable, root, run } from './parts/processes.mjs'
import { lostOnStable, stable, workerToolchain } from './parts/rust.mjs'
import { main, report, step, Stop } from './parts/steps.mjs'
import { exportNames, withBodies } from './parts/wasm-bodies.mjs'
import { buildWeb } from './parts/web.mjs'
import { setupBuild, setupBuildQuietly } from './setup.mjs'

const sources = ['src', 'migrations', 'schema.sql', 'Cargo.toml', 'Cargo.lock']
const inputs = [...sources, 'rust-toolchain.toml', 'package-lock.json', 'scripts/build.mjs', 'scripts/parts/wasm-bodies.mjs']
/** Where a bundle lies, and with which of Cargo.toml's features it is built. */
const deployed = { folder: 'build', features: [] }
/** For one test: see `panic-probe` in Cargo.toml. */
export const panicProbe = { folder: 'build/panic-probe', features: ['panic-probe'] }
const outputs = ({ folder }) => ['index.js', 'index_bg.wasm'].map((file) => path.join(root, folder, file))

/** A Worker must stay small to start quickly at the edge: near-empty with D1 it is 47 kB. This is the project's limit. */
const MAX_GZIP = 320 * 1024

/** Answers `unchanged`, or what a person should know of what was built. */
export async function build(say = () => {}, bundle = deployed) {
  const chain = await workerToolchain()
  const sum = checksum(chain)
  const [built, onStableFor] = stampOf(bundle)
  if (isBuilt(bundle) && built === sum) return ['unchanged', onStableFor].filter(Boolean).join('; ')
  rmSync(stampFile(bundle), { force: true })
  let { code, output } = await compile(say, bundle, chain)
  // Nightlies change, and what we ask of one a later one may refuse. A fault of ours fails on stable in the same words.
  const onStable = code !== 0 && chain.panicUnwind && !/^error[^\n]*\n\s*--> src\//m.test(output)
  if (onStable) ({ code, output } = await compile(say, bundle, stable))
  if (code !== 0) throw new Stop('The Worker does not build.', { detail: compilersWords(output) })
  say('wasm-opt')
  await shrink(bundle)
  const note = onStable ? lostOnStable(`${chain.version} does not build the Worker`) : ''
  writeFileSync(stampFile(bundle), [sum, note].filter(Boolean).join('\n'))
  return note
}

/** Of what a bundle was built, and, if nightly would not, why it is of the stable tool chain. */
const stampOf = (bundle) => (existsSync(stampFile(bundle)) ? readFileSync(stampFile(bundle), 'utf8').split('\n') : [])
const stampFile = ({ folder }) => path.join(root, folder, 'inputs.sha256')

/** Whether a panic in the bundle as it was built costs its own request alone. */
export async function unwinds(bundle) {
  return (await workerToolchain()).panicUnwind && !stampOf(bundle)[1]
}

async function compile(say, bundle, chain) {
  say('worker-build --release')
  let crates = 0
  const onLine = (line) => /^\s*Compiling/.test(line) && say(`${++crates} crates compiled`)
  const args = ['--release', '--no-opt', '--out-dir', bundle.folder, ...(chain.panicUnwind ? ['--panic-unwind'] : [])]
  args.push(...bundle.features.flatMap((feature) => ['--features', feature]))
  return run(await findTool('worker-build'), args, { env: await environment(chain), onLine })
}

/**
 * worker-build's own call of wasm-opt keeps every function's name and optimizes less: together a tenth of what is
 * uploaded. The features are those noted in the module by the compiler.
 */
async function shrink(bundle) {
  const [js, wasm] = outputs(bundle)
  const smaller = `${wasm}.new`
  await binaryen('wasm-metadce', ['-g', wasm, '--graph-file', exportsInUse(wasm), '-o', smaller])
  writeFileSync(smaller, withBodies(readFileSync(smaller), shorter))
  await binaryen('wasm-opt', ['-g', '-Oz', smaller, '-o', smaller])
  // Functions of one name stand together and pack better: 4 kB gzip. Then the names go.
  await binaryen('wasm-opt', ['--reorder-functions-by-name', '--strip-debug', smaller, '-o', smaller])
  writeFileSync(`${js}.new`, withoutUnusedClasses(readFileSync(js, 'utf8')))
  for (const file of [js, wasm]) renameSync(`${file}.new`, file) // At once: a Worker may be starting from it.
}

/**
 * Classes of the crates `worker` and `wasm-streams` that this Worker never hands to JavaScript. wasm-bindgen exports
 * all their methods all the same, and an export is never dropped by itself.
 */
const UNUSED_CLASSES = /intounderlying|containerstartupoptions|minifyconfig|r2range/

/** Their methods in JavaScript call what is no longer exported, so they go too: 0.6 kB gzip. No text in them has a brace. */
function withoutUnusedClasses(js) {
  return js.split(/(?<=class)(?=\{__destroy_into_raw)/).reduce((before, rest) => {
    let depth = 0
    const end = [...rest].findIndex((c) => (depth += c === '{' ? 1 : c === '}' ? -1 : 0) === 0)
    const unused = UNUSED_CLASSES.test(rest.slice(0, end))
    return before + (unused ? `{}${rest.slice(end + 1)}` : rest)
  })
}

/**
 * What those classes' methods are made of, and the closures of js-sys's typed arrays, of which nothing here has one:
 * the table of function pointers keeps them alive. Whoever called one would end the instance. 10 kB gzip with what they call.
 */
const UNUSED_CODE = /^.*wasm_streams|closures::_::invoke::<.*::(?:Int|Uint|Float|BigInt|BigUint)\d+(?:Clamped)?Array/

/** `{:?}` prints nothing already (see the flags below); this takes along the writers that crates made by hand. 4 kB gzip. */
const DEBUG_WRITER = / as core\[[0-9a-f]+\]::fmt::Debug>::fmt$/

const UNREACHABLE = [0x00]
/** `i32.const 0`: `Ok(())`. */
const NOTHING_WRITTEN = [0x41, 0x00]

function shorter(name) {
  if (UNUSED_CODE.test(name)) return UNREACHABLE
  return DEBUG_WRITER.test(name) ? NOTHING_WRITTEN : null
}

/** Writes the graph that wasm-metadce reads: from the outside every export is reached but those. */
function exportsInUse(wasm) {
  const used = exportNames(readFileSync(wasm)).filter((name) => !UNUSED_CLASSES.test(name))
  const outside = { name: 'outside', root: true, reaches: used.map((_, index) => `export ${index}`) }
  const graph = path.join(path.dirname(wasm), 'exports.json')
  writeFileSync(graph, JSON.stringify([outside, ...used.map((name, index) => ({ name: `export ${index}`, export: name }))]))
  return graph
}

async function binaryen(tool, args) {
  // What wasm-bindgen writes to catch what JavaScript throws; a stable compiler does not note that in the module.
  const features = ['--enable-exception-handling']
  const { code, output } = await run(process.execPath, [path.join(path.dirname(packageBins.WASM_OPT_BIN), tool), ...features, ...args])
  if (code !== 0) throw new Stop(`${tool} failed.`, { detail: output })
}

const isBuilt = (bundle = deployed) => outputs(bundle).every((file) => existsSync(file))

/** `{raw, gzip}` bytes of what is uploaded. */
export function bundleSize() {
  const files = outputs(deployed).map((file) => readFileSync(file))
  const sum = (sizes) => sizes.reduce((total, size) => total + size, 0)
  return {
    raw: sum(files.map((bytes) => bytes.length)),
    gzip: sum(files.map((bytes) => gzipSync(bytes, { level: 9 }).length)),
  }
}

export function checkSize() {
  const { raw, gzip } = bundleSize()
  const kb = (bytes) => `${Math.ceil(bytes / 1024)} kB`
  if (gzip > MAX_GZIP) throw new Stop(`The Worker is ${kb(gzip)} gzip, over the project's limit of ${kb(MAX_GZIP)}.`)
  return `${kb(raw)}, ${kb(gzip)} gzip`
}

const nightlyFlags = (options) => ({
  RUSTFLAGS: [
    // Nightly emits the newer exception instructions, which wasm-bindgen does not read yet.
    '-Cllvm-args=-wasm-use-legacy-eh',
    // `{:?}` prints nothing and a panic names no line: nothing is answered or logged by way of `Debug`, and the crates
    // bring much of it. A panic still says its message.
    '-Zfmt-debug=none',
    '-Zlocation-detail=none',
    ...options,
  ].join(' '),
  // worker-build compiles the standard library too: its smaller algorithms save 4 kB gzip. `panic-unwind` is the default
  // that naming a feature takes away.
  CARGO_UNSTABLE_BUILD_STD_FEATURES: 'panic-unwind,optimize_for_size',
})

async function environment({ toolchain, panicUnwind, options }) {
  const bins = { WASM_BINDGEN_BIN: await findTool('wasm-bindgen-cli'), ...packageBins }
  // A path that does not resolve is ignored by worker-build, which then downloads: better to end here.
  const missing = Object.values(bins).find((file) => !isExecutable(file))
  if (missing) throw new Stop(`${path.relative(root, missing)} is missing or not executable.`, { remedy: 'npm ci' })
  return {
    ...bins,
    RUSTUP_TOOLCHAIN: toolchain,
    ...(panicUnwind && nightlyFlags(options)),
    // wasm-opt and esbuild are Node programs.
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
  }
}

/**
 * While somebody edits under `wrangler dev`, the Worker as it was keeps running: wrangler would answer a failure with 200
 * lines of its own.
 */
async function buildForWrangler() {
  await setupBuildQuietly()
  try {
    await buildWeb()
    await build()
  } catch (error) {
    if (process.env.WRANGLER_COMMAND !== 'dev' || !isBuilt()) throw error
    report(error)
  }
}

/** Without worker-build's own lines around them. */
const compilersWords = (output) => output.replace(/^\[INFO\].*\n/gm, '').replace(/^Error: Compiling your crate[\s\S]*/m, '')

function checksum(chain) {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([chain, toolVersion('worker-build'), toolVersion('wasm-bindgen-cli')]))
  for (const file of inputs.flatMap(filesOf)) hash.update(`\0${file}\0`).update(readFileSync(path.join(root, file)))
  return hash.digest('hex')
}

function filesOf(name) {
  const full = path.join(root, name)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [name]
  return readdirSync(full).sort().flatMap((entry) => filesOf(path.join(name, entry)))
}

await main(import.meta.url, async () => {
  if (process.argv.includes('--quiet')) return buildForWrangler()
  await setupBuild()
  await step('pages', buildWeb)
  await step('Worker', async (say) => {
    const unchanged = await build(say)
    return [unchanged, checkSize()].filter(Boolean).join('; ')
  })
})
