// `npm run bench` still runs: both Workers are started and answer rightly, and nothing is measured.

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { root, run } from '../../scripts/parts/processes.mjs'

test('this Worker and its peer give the same answers', async () => {
  const { code, output } = await run(process.execPath, [path.join(root, 'bench/side-by-side.mjs'), '--quick'])
  assert.equal(code, 0, output)
  assert.match(output, /Both answer rightly/)
})
