// Builds the pages: web/ to web/dist, which wrangler.toml names as assets.
//
// Scripts and styles get names by their content, so that browsers keep them for ever (_headers). An HTML file goes
// through the Worker, which writes policy and settings into it: it is never reached by itself.

import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './processes.mjs'

const web = (...parts) => path.join(root, 'web', ...parts)
const dist = (...parts) => web('dist', ...parts)
const read = (...parts) => readFileSync(web(...parts), 'utf8')

/** Each page with its title and its script. */
const pages = {
  discover: { title: 'Discover', script: 'discover/discover.ts' },
  watch: { title: 'Watch', script: 'watch/watch.ts' },
  live: { title: 'Go live', script: 'live/live.ts' },
  setup: { title: 'Set-up', script: 'setup/setup.ts' },
  nowhere: { title: 'Nothing here', script: 'nowhere.ts' },
}

/** The kinds of files that hold what a page is made of; `nosniff` comes with each. */
const HEADERS = `/assets/*
  Cache-Control: public, max-age=31536000, immutable
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
/openapi.json
  Access-Control-Allow-Origin: *
  X-Content-Type-Options: nosniff
`

/** Where esbuild's account of what went where is kept, for the tests of sizes. */
export const account = path.join(root, 'build/web.json')

/** What the pages are made of. */
const sources = ['web/src', 'web/pages', 'web/styles', 'web/files', 'web/shell.html', 'scripts/parts/web.mjs', 'package-lock.json']

/** Builds the pages, if something of them has changed. */
export async function buildWeb() {
  const sum = checksum()
  if (existsSync(dist('_headers')) && existsSync(account) && JSON.parse(readFileSync(account, 'utf8')).sum === sum) return 'unchanged'
  rmSync(account, { force: true })
  const outputs = await bundle()
  mkdirSync(path.dirname(account), { recursive: true })
  writeFileSync(account, JSON.stringify({ sum, outputs }))
}

function checksum() {
  const hash = createHash('sha256')
  for (const file of sources.flatMap(filesOf)) hash.update(`\0${file}\0`).update(readFileSync(path.join(root, file)))
  return hash.digest('hex')
}

const filesOf = (name) =>
  statSync(path.join(root, name)).isDirectory() ? readdirSync(path.join(root, name)).sort().flatMap((entry) => filesOf(`${name}/${entry}`)) : [name]

async function bundle() {
  // Here and not above: the scripts start before anything is installed.
  const { build } = await import('esbuild')
  rmSync(dist(), { recursive: true, force: true })
  const scripts = Object.fromEntries(Object.values(pages).map(({ script }) => [script.replace('.ts', ''), web('src', script)]))
  const options = {
    bundle: true,
    minify: true,
    target: 'es2022',
    outdir: dist('assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    metafile: true,
    absWorkingDir: root,
    logLevel: 'error',
    legalComments: 'none',
  }
  const modules = await build({ ...options, entryPoints: scripts, format: 'esm', splitting: true })
  const plain = await build({
    ...options,
    entryPoints: { theme: web('src/theme.ts'), style: web('styles/style.css'), icon: web('files/icon.svg') },
    loader: { '.svg': 'copy' },
    format: 'iife',
  })
  const outputs = { ...modules.metafile.outputs, ...plain.metafile.outputs }
  const made = (source) => `/assets/${path.basename(Object.keys(outputs).find((file) => entryOf(outputs[file]) === source))}`
  const common = { style: made('web/styles/style.css'), theme: made('web/src/theme.ts'), icon: iconIn(outputs) }
  mkdirSync(dist('pages'), { recursive: true })
  for (const [name, { title, script }] of Object.entries(pages)) {
    const entry = made(`web/src/${script}`)
    const values = { ...common, title, page: name, script: entry, main: read('pages', `${name}.html`).trim(), preload: preloads(outputs, entry) }
    const html = read('shell.html')
      .replace(/\{\{current (\w+)\}\}/g, (_, at) => (at === name ? ' aria-current="page"' : ''))
      .replace(/\{\{(\w+)\}\}/g, (_, key) => values[key])
    writeFileSync(dist('pages', `${name}.html`), html)
  }
  copyFileSync(web('files/openapi.json'), dist('openapi.json'))
  writeFileSync(dist('_headers'), HEADERS)
  return outputs
}

const entryOf = ({ entryPoint }) => entryPoint
const iconIn = (outputs) => `/assets/${path.basename(Object.keys(outputs).find((file) => file.endsWith('.svg')))}`

/** The chunks that an entry needs at once, named in the page, so that they come together and not one behind the other. */
function preloads(outputs, entry) {
  return staticImports(outputs, `web/dist${entry}`)
    .filter((file) => file !== `web/dist${entry}`)
    .map((file) => `<link rel="modulepreload" href="${file.replace('web/dist', '')}">\n`)
    .join('')
}

/** That file and all that it imports, but for what it imports when it is needed. */
export function staticImports(outputs, file, found = new Set()) {
  if (found.has(file)) return [...found]
  found.add(file)
  for (const { path: next, kind } of outputs[file].imports) if (kind === 'import-statement') staticImports(outputs, next, found)
  return [...found]
}
