// A Worker on the real runtime with the real LiveKit server, for one test file; storage is the devstack's S3 server.
//
//     const stage = await startReal()
//     const { streamId, participant_token } = await stage.p.token('room', 'alice', { role: 'host' })
//     await stage.browser.join('alice', stage.livekit, participant_token, { publish: true })
//
// Whatever goes between the two goes through relays: `stage.hooks` (LiveKit's webhooks) and `stage.calls` (the Worker's
// calls of LiveKit). Both keep what went through, and fail when a test wants them to.

import { RoomServiceClient } from 'livekit-server-sdk'
import { startDevstack } from '../../../scripts/parts/devstack.mjs'
import { startLivekitServer } from '../../../scripts/parts/livekit-server.mjs'
import { freePort } from '../../../scripts/parts/ports.mjs'
import { endGroup, startGroup } from '../../../scripts/parts/processes.mjs'
import { report } from '../../../scripts/parts/steps.mjs'
import { bucket, livekitKey, stage, storjKey, usualVars, waitFor } from '../../e2e/harness/harness.mjs'
import { play } from '../../e2e/harness/play.mjs'
import { startWorker } from '../../e2e/harness/worker.mjs'
import { startRelay } from './relay.mjs'

/**
 * `redis`: LiveKit keeps its rooms there, and recorders could connect. `vars` as in the end-to-end tests. The times in
 * seconds after which LiveKit closes a room that nobody entered, or that everybody left.
 */
export async function startReal({ vars = {}, redis = false, emptyTimeout, departureTimeout } = {}) {
  const undo = []
  const later = (thing, stop) => (undo.unshift(() => stop(thing)), thing)
  const stop = async () => {
    for (const step of undo.splice(0)) await step()
  }
  try {
    let server
    const port = await freePort()
    const hooks = later(await startRelay(() => `http://127.0.0.1:${port}`), (relay) => relay.stop())
    const calls = later(await startRelay(() => server.url), (relay) => relay.stop())
    const store = redis ? await startRedis(later) : undefined
    const options = { ...livekitKey, webhookUrl: `${hooks.url}/livekit-webhook`, redis: store, emptyTimeout, departureTimeout }
    const storage = ['--access-key', storjKey.key, '--secret-key', storjKey.secret, '--bucket', bucket]
    const devstack = later(await startDevstack(['--no-livekit', '--s3', '127.0.0.1:0', ...storage]), ({ child }) => endGroup(child))
    const outside = { livekit: calls.url, s3: devstack.s3 }
    const runtime = later(await startWorker(port, { ...usualVars(outside, hooks.url), ...vars }), (worker) => worker.stop())
    // Last, so that it ends first: a Worker that is gone would be asked again and again.
    server = await startLivekitServer(options)
    later(null, () => endGroup(server.child))
    const real = {
      ...stage({ worker: `http://127.0.0.1:${port}`, devstack: { ...devstack, livekit: calls.url }, runtime }),
      hooks,
      calls,
      /** Where people join. */
      livekit: calls.url.replace('http', 'ws'),
      /** LiveKit's own address, past the relay. */
      direct: server.url,
      /** LiveKit's webhooks so far, each as often as it was sent: `{event, id, status, at, room, participant, …}`. */
      events: () => hooks.passed.filter(({ body }) => body).map(({ body, status, at }) => ({ ...JSON.parse(body), status, at })),
      /** LiveKit dies without a word. */
      async killServer() {
        server.child.kill('SIGKILL')
        await server.child.ended
        await endGroup(server.child)
      },
      /** And comes back at the same address. */
      async startServer() {
        server = await startLivekitServer({ ...options, ports: server.ports })
      },
      stop,
    }
    // LiveKit's own administration goes past the relay, which is for the Worker's calls.
    const admin = new RoomServiceClient(server.url, livekitKey.key, livekitKey.secret)
    return Object.assign(real, { p: Object.assign(play(real), { admin, hooks: async () => hooks.passed }) })
  } catch (error) {
    report(error)
    await stop()
    throw error
  }
}

/** Its address; it keeps nothing on disk. */
async function startRedis(later) {
  const port = await freePort()
  const child = startGroup('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'])
  later(child, endGroup)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text))
  await waitFor(() => /Ready to accept connections/.test(said))
  return `127.0.0.1:${port}`
}
