// How much memory workerd takes while a large recording is saved: `node bench/save-memory.mjs [GB, default 4]`.
//
// On workerd, D1 and the devstack's S3 server. The recording expires, so that its bytes pass through the Worker (a copy
// inside Storj would keep the expiry). Measured is what the process holds in memory (VmRSS, Linux) and its highest
// (VmHWM), before and at the end; a Worker of Cloudflare's may take 128 MB in all.

import { open, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run } from '../scripts/parts/processes.mjs'
import { bucket, start } from '../tests/e2e/harness/harness.mjs'
import { play } from '../tests/e2e/harness/play.mjs'

const gigabytes = Number(process.argv[2] ?? 4)
if (!(gigabytes > 0 && gigabytes <= 5_000)) throw new Error('How many GB? node bench/save-memory.mjs 4')
const size = Math.round(gigabytes * 1e9)

/** `{now, most}` in MB, of the workerd that runs the Worker: the largest of ours. */
async function memory() {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,comm='])
  const ours = stdout.trim().split('\n').map((line) => line.trim().split(/\s+/)).filter(([, parent, name]) => Number(parent) === process.pid && name.endsWith('workerd'))
  const all = await Promise.all(ours.map(async ([pid]) => {
    const text = await readFile(`/proc/${pid}/status`, 'utf8')
    const mb = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)[1]) / 1_000)
    return { now: mb('VmRSS'), most: mb('VmHWM') }
  }))
  return all.sort((a, b) => b.most - a.most)[0]
}

const folder = await mkdtemp(path.join(tmpdir(), 'save-memory-'))
const stage = await start({ vars: { STORJ_OBJECT_TTL: '720h' }, devstackArgs: ['--s3-dir', folder] })
try {
  const p = play(stage)
  const { streamId } = await p.host('large', { record: true })
  const { recording } = await p.until(streamId, 'recording')
  await p.stop({ egressId: recording.egressId })
  const { id, filename } = await p.ready(recording.egressId)
  // A file with a hole takes no room on the disk.
  const file = await open(path.join(folder, bucket, filename), 'r+')
  await file.truncate(size)
  await file.close()
  await stage.sql('UPDATE assets SET size_bytes = ? WHERE id = ?', size, id)
  const before = await memory()
  const began = performance.now()
  let answer
  for (;;) {
    answer = await stage.api('POST', `/api/recordings/${id}/save`, { user: 'alice' })
    if (answer.status !== 202) break
    await p.cronAfter(60_000)
  }
  if (answer.body.status !== 'saved') throw new Error(answer.text)
  const after = await memory()
  const seconds = (performance.now() - began) / 1_000
  console.log(`saved ${gigabytes} GB in ${Math.round(seconds)} s (${Math.round(size / 1e6 / seconds)} MB/s through the Worker)`)
  console.log(`workerd before: ${before.now} MB, its most ${before.most} MB`)
  console.log(`workerd after:  ${after.now} MB, its most ${after.most} MB: ${after.most - before.most} MB more`)
} finally {
  await stage.stop()
  await rm(folder, { recursive: true, force: true })
}
