// A Worker with a LiveKit to which a real recorder is connected, for egress.test.mjs. compose.yaml starts such a LiveKit;
// the environment may name another one, and another storage:
//
//   LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET   where it is (those of compose.yaml)
//   STORJ_ENDPOINT, STORJ_BUCKET, STORJ_ACCESS_KEY_ID, STORJ_SECRET_ACCESS_KEY, STORJ_REGION   (the devstack's S3 server)
//   REACHABLE_AT   this machine's name or address, as LiveKit and its recorder see it (127.0.0.1)
//   WEBHOOK_PORT   where LiveKit sends the project's webhooks, if it does: http://REACHABLE_AT:WEBHOOK_PORT/livekit-webhook (8790)
//   EGRESS_KILL, EGRESS_START   shell commands that kill the recorder and start it again

import { RoomServiceClient } from 'livekit-server-sdk'
import { startDevstack } from '../../../scripts/parts/devstack.mjs'
import { freePort } from '../../../scripts/parts/ports.mjs'
import { endGroup, run } from '../../../scripts/parts/processes.mjs'
import { bucket, livekitKey, stage, storjKey, usualVars } from '../../e2e/harness/harness.mjs'
import { play } from '../../e2e/harness/play.mjs'
import { startWorker } from '../../e2e/harness/worker.mjs'
import { startRelay } from './relay.mjs'

const { env } = process
const livekit = env.LIVEKIT_URL || 'ws://127.0.0.1:7880'
const key = { key: env.LIVEKIT_API_KEY || livekitKey.key, secret: env.LIVEKIT_API_SECRET || livekitKey.secret }
const here = env.REACHABLE_AT || '127.0.0.1'
const listen = { host: here === '127.0.0.1' ? here : '0.0.0.0', name: here }

/** Why the bucket cannot be taken away for a while: a relay cannot stand before TLS. */
export const bucketStays = env.STORJ_ENDPOINT?.startsWith('https:') ? 'STORJ_ENDPOINT is https, so nothing can stand in its way' : null

/** Starts the Worker: a stage as in the end-to-end tests, with `hooks` and `storage`, the relays before it and the bucket. */
export async function startWithRecorder() {
  const undo = []
  const later = (thing, stop) => (undo.unshift(() => stop(thing)), thing)
  const stop = async () => {
    for (const step of undo.splice(0)) await step()
  }
  try {
    const port = await freePort()
    const hooks = later(await startRelay(() => `http://127.0.0.1:${port}`, { ...listen, port: Number(env.WEBHOOK_PORT || 8790) }), (relay) => relay.stop())
    const bucketIs = env.STORJ_ENDPOINT ? theirs() : await ours(later)
    const storage = bucketStays ? null : later(await startRelay(() => bucketIs.STORJ_ENDPOINT, listen), (relay) => relay.stop())
    const vars = {
      ...usualVars({ livekit, s3: null }, hooks.url),
      LIVEKIT_API_KEY: key.key,
      LIVEKIT_API_SECRET: key.secret,
      ...bucketIs,
      ...(storage && { STORJ_ENDPOINT: storage.url }),
    }
    const runtime = later(await startWorker(port, vars), (worker) => worker.stop())
    const real = {
      ...stage({ worker: `http://127.0.0.1:${port}`, devstack: { livekit, s3: vars.STORJ_ENDPOINT }, runtime }),
      ...{ hooks, storage, vars, stop },
    }
    const admin = new RoomServiceClient(livekit, key.key, key.secret)
    return Object.assign(real, { p: Object.assign(play(real), { admin, hooks: async () => hooks.passed }) })
  } catch (error) {
    await stop()
    throw error
  }
}

const theirs = () => Object.fromEntries(Object.entries(env).filter(([name, value]) => name.startsWith('STORJ_') && value))

async function ours(later) {
  const options = ['--access-key', storjKey.key, '--secret-key', storjKey.secret, '--bucket', bucket]
  const { s3 } = later(await startDevstack(['--no-livekit', '--s3', '127.0.0.1:0', ...options]), ({ child }) => endGroup(child))
  return { STORJ_ENDPOINT: s3, STORJ_BUCKET: bucket, STORJ_ACCESS_KEY_ID: storjKey.key, STORJ_SECRET_ACCESS_KEY: storjKey.secret }
}

/** Runs one of the two commands. */
export async function recorder(command) {
  const { code, output } = await run('sh', ['-c', env[command]])
  if (code !== 0) throw new Error(`${command}: ${output}`)
}
