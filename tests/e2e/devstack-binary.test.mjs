// Which devstack is tested: the one that cargo has just built, wherever its configuration has it put things.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, afterEach, beforeEach, test } from 'node:test'
import { startDevstack } from '../../scripts/parts/devstack.mjs'
import { endGroup } from '../../scripts/parts/processes.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'devstack-binary-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const { PATH, DEVSTACK_BINARY = '' } = process.env
/** An empty one is none. */
const set = (env) => Object.assign(process.env, env)
beforeEach(() => set({ PATH: `${folder}${path.delimiter}${PATH}`, DEVSTACK_BINARY: '' }))
afterEach(() => set({ PATH, DEVSTACK_BINARY }))
const script = (name, text) => writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })

test('is started from where cargo says that it lies', async () => {
  const elsewhere = path.join(folder, 'elsewhere')
  script('elsewhere', `echo '{"ready":true,"livekit":"http://built.example","s3":null}'; exec cat`)
  const artifact = (name, kind, executable) => JSON.stringify({ reason: 'compiler-artifact', target: { name, kind: [kind] }, executable })
  const said = [artifact('serde', 'lib', null), artifact('build-script-build', 'custom-build', null), artifact('devstack', 'bin', elsewhere), '{"reason":"build-finished","success":true}']
  script('cargo', `cat <<'END'\n${said.join('\n')}\nEND\necho '    Finished' >&2`)
  const { child, livekit } = await startDevstack([])
  await endGroup(child)
  assert.equal(livekit, 'http://built.example')
})

test('is none when cargo does not build it, with cargo’s own words', async () => {
  script('cargo', `echo '{"reason":"build-finished","success":false}'; echo 'error: expected one of these' >&2; exit 101`)
  await assert.rejects(startDevstack([]), ({ detail }) => detail.includes('expected one of these') && !detail.includes('build-finished'))
})
