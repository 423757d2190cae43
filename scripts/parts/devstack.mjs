// Starts the devstack: the stand-in for LiveKit and the S3 server, one Rust program of this workspace.

import { eachLine, endGroup, run, startGroup } from './processes.mjs'
import { Stop } from './steps.mjs'

const PORT_IN_USE = 98

/** Builds it. Programs that this one starts find it too, without asking cargo again. */
export async function buildDevstack(say = () => {}) {
  say('cargo build -p devstack')
  let crates = 0
  const onLine = (line) => /^\s*Compiling/.test(line) && say(`${++crates} crates compiled`)
  const { code, stdout, output } = await run('cargo', ['build', '-p', 'devstack', '--message-format=json-render-diagnostics'], { onLine })
  const words = output.split('\n').filter((line) => !line.startsWith('{')).join('\n')
  if (code !== 0) throw new Stop('The devstack does not build.', { detail: words })
  process.env.DEVSTACK_BINARY = executableIn(stdout)
}

/** Where cargo says that the program lies: a file of configuration may put it anywhere. */
export function executableIn(stdout) {
  const messages = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  const built = messages.find(({ target, executable }) => executable && target.name === 'devstack' && target.kind.includes('bin'))
  if (!built) throw new Stop('cargo did not tell where the devstack lies.')
  return built.executable
}

/** Resolves with `{child, livekit, s3}` (URLs, null for a side that stays off) once it listens. */
export async function startDevstack(args, { onLog = () => {} } = {}) {
  // A test file that was started by itself: what an earlier one built may be of other sources.
  if (!process.env.DEVSTACK_BINARY) await buildDevstack()
  // --with-parent: it ends with us even when we are killed without a word.
  const child = startGroup(process.env.DEVSTACK_BINARY, [...args, '--with-parent'])
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
