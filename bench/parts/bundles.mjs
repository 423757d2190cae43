// What is measured, as it would be deployed: the Worker in build/, the peer bundled as wrangler would, and an empty Worker.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from '../../scripts/parts/processes.mjs'

/** Bundle folders by whose they are; `files` are what is uploaded. */
export const bundles = {
  ours: { folder: 'build', files: ['index.js', 'index_bg.wasm'] },
  peer: { folder: 'build/peer', files: ['index.js'] },
  empty: { folder: 'build/empty', files: ['index.js'] },
}

/** Reads what it is sent and answers nothing: what is left when a Worker does no work. */
const EMPTY = `export default { async fetch(request) { await request.text(); return new Response('{}') } }`

/** wrangler's own conditions and target. Minified, as ours is: fewer bytes, and nothing else changes. */
export async function bundlePeer() {
  await build({
    entryPoints: [path.join(root, 'bench/peer/worker.js')],
    outfile: path.join(root, bundles.peer.folder, 'index.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
  })
  mkdirSync(path.join(root, bundles.empty.folder), { recursive: true })
  writeFileSync(path.join(root, bundles.empty.folder, 'index.js'), EMPTY)
}

export const filesOf = (side) => bundles[side].files.map((file) => ({ name: file, bytes: readFileSync(path.join(root, bundles[side].folder, file)) }))

/** `{raw, gzip}` in kB of what is uploaded. */
export function sizeOf(side) {
  const sum = (sizes) => sizes.reduce((total, size) => total + size, 0) / 1024
  const files = filesOf(side).map(({ bytes }) => bytes)
  return { raw: sum(files.map(({ length }) => length)), gzip: sum(files.map((bytes) => gzipSync(bytes, { level: 9 }).length)) }
}
