// Budgets, as counts: bytes and requests of a page, and what may never be on its way.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { root } from '../../scripts/parts/processes.mjs'
import { account, staticImports } from '../../scripts/parts/web.mjs'
import { addRecording } from '../e2e/harness/rows.mjs'
import { paged } from './harness/browser.mjs'

const { outputs } = JSON.parse(readFileSync(account, 'utf8'))
const entry = (script) => Object.keys(outputs).find((file) => outputs[file].entryPoint === `web/src/${script}`)
const inputs = (script) => staticImports(outputs, entry(script)).flatMap((file) => Object.keys(outputs[file].inputs))
const gzip = (file) => gzipSync(readFileSync(path.join(root, file)), { level: 9 }).length

test('LiveKit\'s client and hls.js are in files of their own, which no page loads before they are needed', () => {
  for (const script of ['discover/discover.ts', 'watch/watch.ts', 'live/live.ts', 'setup/setup.ts', 'nowhere.ts']) {
    const heavy = inputs(script).filter((file) => file.includes('node_modules'))
    assert.deepEqual(heavy, [], script)
  }
  const reached = (script) => staticImports(outputs, entry(script)).flatMap((file) => outputs[file].imports).map((found) => found.path)
  for (const script of ['discover/discover.ts', 'setup/setup.ts']) {
    assert.ok(!reached(script).some((file) => /livekit|hls/.test(file)), `${script} could load a client`)
  }
})

test('Discover is under 40 kB gzip in all: page, styles, scripts', () => {
  const files = [...staticImports(outputs, entry('discover/discover.ts')), 'web/dist/pages/discover.html']
  files.push(...Object.keys(outputs).filter((file) => /\/(style|theme|icon)-/.test(file)))
  const sum = files.reduce((total, file) => total + gzip(file), 0)
  console.log(`Discover: ${sum} bytes gzip in ${files.length} files`)
  assert.ok(sum < 40_000, `${sum} bytes`)
})

paged('What Discover asks for', {}, (scene) => {
  test('a first visit is few requests, all of this site, and no video', async () => {
    for (let i = 0; i < 12; i += 1) await addRecording(scene.stage, `r${i}`)
    const page = await scene.open('/discover')
    await page.locator('.card').first().waitFor()
    const asked = page.made.requests.map((request) => new URL(request.url()))
    assert.ok(asked.every(({ origin }) => origin === scene.stage.worker))
    const kinds = Object.groupBy(page.made.requests, (request) => request.resourceType())
    assert.equal(kinds.media, undefined)
    assert.ok(asked.length <= 12, asked.map(({ pathname }) => pathname).join('\n'))
  })
})
