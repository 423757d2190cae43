// The real LiveKit server, for `npm run test:real`: found or compiled, and run on loopback.

import path from 'node:path'
import { cache } from './cargo-tools.mjs'
import { freePort } from './ports.mjs'
import { eachLine, endGroup, findOnPath, isExecutable, run, startGroup } from './processes.mjs'
import { Stop } from './steps.mjs'

/** The newest that `go install` takes: later tags have `replace` lines in their go.mod, which it refuses. */
const VERSION = '1.9.12'
const MODULE = `github.com/livekit/livekit-server/cmd/server@v${VERSION}`
const folder = path.join(cache, `livekit-server-${VERSION}`)
const ours = path.join(folder, 'server')

/** The server's path: from LIVEKIT_SERVER, from PATH, or the one that we compiled. Null where there is none. */
export function findLivekitServer() {
  const named = process.env.LIVEKIT_SERVER
  if (named && !isExecutable(named)) throw new Stop(`LIVEKIT_SERVER names no program: ${named}`)
  return named || findOnPath('livekit-server') || (isExecutable(ours) ? ours : null)
}

/** Whether the server is there or could be compiled. */
export const canHaveLivekitServer = () => Boolean(findLivekitServer() || findOnPath('go'))

/** Compiles it where it is missing: 2 min on 2 cores, once. */
export async function installLivekitServer(say) {
  if (findLivekitServer()) return
  const remedy = 'Install Go from https://go.dev/dl, or name a server: LIVEKIT_SERVER=/path/to/livekit-server npm run test:real'
  if (!findOnPath('go')) throw new Stop('The real LiveKit server is missing, and Go to compile it.', { remedy })
  say(`go install ${MODULE}, once, about 2 min`)
  let packages = 0
  const onLine = (line) => !/downloading/.test(line) && say(`compiled once, about 2 min; ${++packages} packages so far`)
  const { code, output } = await run('go', ['install', '-v', MODULE], { env: { GOBIN: folder }, onLine })
  if (code === 0 && isExecutable(ours)) return
  const detail = output.split('\n').slice(-30).join('\n')
  throw new Stop(`livekit-server ${VERSION} could not be compiled.`, { remedy: `GOBIN=${folder} go install ${MODULE}`, detail })
}

/**
 * Starts a server on loopback, at free ports or those given: `{child, url, ports, version, logs()}`. `webhookUrl` gets its
 * events, signed with `key`. `redis` (host:port) makes it one that recorders could connect to; a room without anybody in
 * it closes after `departureTimeout` seconds, one that nobody has entered yet after `emptyTimeout`.
 */
export async function startLivekitServer({ key, secret, webhookUrl, redis, ports, emptyTimeout = 20, departureTimeout = 1 }) {
  const at = ports ?? { api: await freePort(), tcp: await freePort(), udp: await freePort() }
  // JSON is YAML too.
  const config = {
    port: at.api,
    bind_addresses: ['127.0.0.1'],
    rtc: { tcp_port: at.tcp, udp_port: at.udp, node_ip: '127.0.0.1', use_external_ip: false, enable_loopback_candidate: true },
    keys: { [key]: secret },
    webhook: { api_key: key, urls: [webhookUrl] },
    room: { empty_timeout: emptyTimeout, departure_timeout: departureTimeout },
    logging: { level: 'info' },
    ...(redis && { redis: { address: redis } }),
  }
  const child = startGroup(findLivekitServer(), ['--config-body', JSON.stringify(config)])
  let logs = ''
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, (line) => (logs += `${line}\n`))
  const server = { child, url: `http://127.0.0.1:${at.api}`, ports: at, logs: () => logs }
  await untilItAnswers(server)
  return server
}

async function untilItAnswers({ child, url, logs }, seconds = 20) {
  let ended = false
  child.ended.then(() => (ended = true))
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline && !ended; ) {
    const answer = await fetch(url).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await endGroup(child)
  throw new Stop(`The real LiveKit server ${ended ? 'ended' : `did not answer within ${seconds} s`}.`, { detail: logs() })
}
