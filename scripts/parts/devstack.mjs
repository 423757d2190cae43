// Starts the devstack: the stand-in for LiveKit and the S3 server, one Rust program of this workspace.

import path from 'node:path'
import { eachLine, endGroup, run, startGroup } from './processes.mjs'
import { Stop } from './steps.mjs'

const binary = path.join(process.env.CARGO_TARGET_DIR || 'target', 'debug', 'devstack')
const PORT_IN_USE = 98

export async function buildDevstack(say) {
  say('cargo build -p devstack')
  let crates = 0
  const onLine = (line) => /^\s*Compiling/.test(line) && say(`${++crates} crates compiled`)
  const { code, output } = await run('cargo', ['build', '-p', 'devstack'], { onLine })
  if (code !== 0) throw new Stop('The devstack does not build.', { detail: output })
}

/** Resolves with `{child, livekit, s3}` (URLs, null for a side that stays off) once it listens. */
export async function startDevstack(args, { onLog = () => {} } = {}) {
  // --with-parent: it ends with us even when we are killed without a word.
  const child = startGroup(binary, [...args, '--with-parent'])
  let errors = ''
  eachLine(child.stderr, (line) => {
    errors += `${line}\n`
    onLog(line)
  })
  const ready = new Promise((resolve) => {
    const isFirst = (line) => line.startsWith('{') && line.includes('"ready":true')
    eachLine(child.stdout, (line) => (isFirst(line) ? resolve(JSON.parse(line)) : onLog(line)))
  })
  const first = await Promise.race([ready, child.ended])
  if (first.ready) return { child, livekit: first.livekit, s3: first.s3 }
  await endGroup(child)
  if (first.code === PORT_IN_USE) throw new Stop('The devstack cannot listen: a port is in use.', { detail: errors })
  throw new Stop('The devstack did not start.', { detail: errors || String(first.error ?? `exit code ${first.code}`) })
}
