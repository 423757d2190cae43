// The Worker of `npm run dev`: `wrangler dev` on this machine, and calls to it.

import { show } from './log-lines.mjs'
import { state } from './migrations.mjs'
import { wrangler, wranglerEnv } from './node.mjs'
import { eachLine, startGroup } from './processes.mjs'
import { Stop } from './steps.mjs'

/** Starts wrangler dev; its output is kept until the Worker answers, and shown line by line from then on. */
export function startWorker({ port, vars }) {
  const [node, args] = wrangler('dev', '--local', '--persist-to', state, '--ip', '127.0.0.1', '--port', String(port),
    '--show-interactive-dev-session=false', ...Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]))
  const child = startGroup(node, args, { env: { ...wranglerEnv, FORCE_COLOR: '0' } })
  const worker = { child, url: `http://127.0.0.1:${port}`, started: '', ready: false }
  for (const stream of [child.stdout, child.stderr]) {
    eachLine(stream, (line) => (worker.ready ? show(line) : (worker.started += `${line}\n`)))
  }
  return worker
}

/** Waits for /healthz. A Worker that names faulty variables will not become healthy by waiting. */
export async function untilHealthy(worker, seconds = 60) {
  const deadline = Date.now() + seconds * 1000
  let ended = false
  worker.child.ended.then(() => (ended = true))
  while (!ended && Date.now() < deadline) {
    const response = await fetch(`${worker.url}/healthz`).catch(() => null)
    if (response?.ok) {
      worker.ready = true
      return
    }
    const faults = response?.status === 503 ? faultsIn(await response.text()) : []
    if (faults.length) {
      throw new Stop('These variables in .dev.vars are missing or wrong:', { remedy: faults.join('\n    ') })
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const what = ended ? 'wrangler dev ended.' : `The Worker did not get healthy in ${seconds} s.`
  throw new Stop(what, { detail: worker.started })
}

function faultsIn(text) {
  try {
    const { faults = [] } = JSON.parse(text)
    return faults.map((fault) => (typeof fault === 'string' ? fault : `${fault.name}: ${fault.expected}`))
  } catch {
    return [] // Not ours: wrangler answers 503 itself while it starts.
  }
}

/** wrangler does not run the schedule by itself. */
export function runSchedule(worker) {
  const tick = () => fetch(`${worker.url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`).catch(() => {})
  tick()
  return setInterval(tick, 60_000)
}

/** A function that calls the Worker with a bearer token, sends JSON or a picture and reads JSON; an error answer ends with its message. */
export const caller = (worker, token) => async (method, path, body) => {
  const picture = body instanceof Blob
  const response = await fetch(`${worker.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': picture ? body.type : 'application/json' }) },
    body: picture ? body : body && JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Stop(`${method} ${path}: ${response.status}`, { detail: text })
  return JSON.parse(text)
}
