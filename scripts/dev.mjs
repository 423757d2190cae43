// The whole thing on this machine: `npm run dev [-- --port N] [--fresh]`.
//
// LiveKit stand-in and S3 server (one process, the devstack), the Worker on the real runtime (wrangler dev), the
// schedule every minute, and one recording when there is none.

import { rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { createDevVars, isLocal, publicUrl, readDevVars, standIn, writerKey } from './parts/dev-vars.mjs'
import { demoLink, startSignIn } from './parts/dev-sign-in.mjs'
import { buildDevstack, startDevstack } from './parts/devstack.mjs'
import { recordOnce } from './parts/first-recording.mjs'
import { caller, runSchedule, startWorker, untilHealthy } from './parts/local-worker.mjs'
import { forgetLocal } from './parts/migrations.mjs'
import { isFree } from './parts/ports.mjs'
import { endAllGroups, root } from './parts/processes.mjs'
import { main, print, report, step, Stop } from './parts/steps.mjs'
import { buildWeb } from './parts/web.mjs'
import { setup } from './setup.mjs'
import { mint } from './token.mjs'

const OBJECTS = '.dev/s3'
const usage = 'npm run dev -- [--port 8787] [--fresh]    (--fresh: forget the local database and its recordings)'

async function develop() {
  const { port, fresh } = options()
  await step('.dev.vars', createDevVars)
  const vars = readDevVars()
  const livekit = standIn(vars, 'LIVEKIT_URL', 7880)
  const s3 = standIn(vars, 'STORJ_ENDPOINT', 9000)
  await checkPorts(port, livekit, s3)
  if (fresh) {
    forgetLocal()
    rmSync(path.join(root, OBJECTS), { recursive: true, force: true })
  }

  await setup()
  if (livekit || s3) await step('devstack', buildDevstack)
  await step('pages', buildWeb)
  await step('Worker', build)

  if (livekit || s3) await step('stand-ins', () => startStandIns({ vars, port, livekit, s3 }))
  const signIn = vars.AUTH_JWT_SECRET && !vars.SIGN_IN_URL ? { SIGN_IN_URL: (await startSignIn(vars.AUTH_JWT_SECRET)).url } : {}
  const worker = startWorker({ port, vars: { PUBLIC_URL: publicUrl(vars, port), ...signIn } })
  await step('wrangler dev', () => untilHealthy(worker))
  const schedule = runSchedule(worker)

  const newest = await newestRecording(worker, vars, livekit)
  tell(worker, vars, { livekit, s3, newest })
  const { code } = await worker.child.ended
  clearInterval(schedule)
  throw new Stop(`wrangler dev ended by itself (exit code ${code}).`)
}

function options() {
  let values
  try {
    values = parseArgs({ options: { port: { type: 'string', default: '8787' }, fresh: { type: 'boolean' } } }).values
  } catch (error) {
    throw new Stop(error.message, { remedy: usage })
  }
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Stop(`${values.port} is no port.`, { remedy: usage })
  return { port, fresh: values.fresh }
}

async function checkPorts(port, livekit, s3) {
  const wanted = [
    [{ host: '127.0.0.1', port }, 'the Worker', `npm run dev -- --port ${port + 1}`],
    [livekit, 'the LiveKit stand-in', 'LIVEKIT_URL=http://127.0.0.1:<another port>    in .dev.vars'],
    [s3, 'the S3 server', 'STORJ_ENDPOINT=http://127.0.0.1:<another port>    in .dev.vars'],
  ]
  for (const [address, who, remedy] of wanted) {
    if (address && !(await isFree(address))) {
      const taken = `${address.host}:${address.port}, for ${who}, is in use by another program.`
      throw new Stop(`${taken} End that, or take another port:`, { remedy })
    }
  }
}

async function startStandIns({ vars, port, livekit, s3 }) {
  const address = ({ host, port }) => `${host}:${port}`
  const given = (flag, name) => (vars[name] ? [flag, vars[name]] : [])
  const forLivekit = () => [
    ...['--livekit', address(livekit), '--webhook-url', `http://127.0.0.1:${port}/livekit-webhook`],
    ...given('--api-key', 'LIVEKIT_API_KEY'),
    ...given('--api-secret', 'LIVEKIT_API_SECRET'),
  ]
  const forS3 = () => [
    ...['--s3', address(s3), '--s3-dir', OBJECTS],
    ...given('--access-key', 'STORJ_ACCESS_KEY_ID'),
    ...given('--secret-key', 'STORJ_SECRET_ACCESS_KEY'),
    ...given('--bucket', 'STORJ_BUCKET'),
    ...writerKey(vars),
  ]
  const { child } = await startDevstack(
    [...(livekit ? forLivekit() : ['--no-livekit']), ...(s3 ? forS3() : ['--no-s3'])],
    { onLog: (line) => print(`devstack  ${line}`) },
  )
  child.ended.then(({ code }) => end(new Stop(`The devstack ended by itself (exit code ${code}).`)))
}

/** The id of the newest recording, made now if there is none; null where that cannot be. */
async function newestRecording(worker, vars, livekit) {
  const secret = vars.AUTH_JWT_SECRET
  if (!secret) return null // Callers' tokens are signed elsewhere.
  const all = caller(worker, mint(secret, { user: 'alice', admin: true }))
  const { recordings, nextCursor } = await all('GET', '/api/recordings?limit=1')
  if (recordings.length > 0) return recordings[0].id
  if (!livekit || nextCursor !== null) return null // Nobody publishes in a real LiveKit just for us.
  let made
  await step('first recording', async (say) => {
    made = await recordOnce({
      call: caller(worker, mint(secret, { user: 'alice' })),
      livekit: `http://${livekit.host}:${livekit.port}`,
      say,
    })
  })
  return made.id
}

function tell({ url }, vars, { livekit, s3, newest }) {
  const side = (standIn, real) => (standIn ? `http://${standIn.host}:${standIn.port} (stand-in)` : real)
  const secret = vars.AUTH_JWT_SECRET
  const curl = (route) => `curl -s -H "Authorization: Bearer $(npm run -s token -- --user alice)" '${url}${route}'`
  print(`
  Open     ${secret ? `${demoLink(secret, url)}
           (signs you in as alice, on this machine only; sign in again as admin for Set-up)` : `${url}/discover`}

  Worker   ${url}/healthz
  LiveKit  ${side(livekit, vars.LIVEKIT_URL)}
  Storj    ${side(s3, vars.STORJ_ENDPOINT)}${halfReal(vars, livekit, s3)}

  The recordings by curl:
    ${curl('/api/recordings')}
  A link that plays ${newest ? 'the newest' : 'one'}:
    ${curl(`/api/recordings/${newest ?? '<id>'}/playback`)}

  Ctrl-C ends everything. The Worker's log:
`)
}

/** A LiveKit elsewhere reaches nothing on this machine: its recordings need a bucket, and its webhooks an address, that it does. */
function halfReal(vars, livekit, s3) {
  if (livekit || !vars.LIVEKIT_URL) return ''
  const lines = [
    s3 && 'That LiveKit cannot reach this S3 server: recordings are lost at their end. Set STORJ_ENDPOINT to a real one.',
    isLocal(vars.PUBLIC_URL) && 'Nor this Worker, for its webhooks: set PUBLIC_URL to a tunnel that leads here.',
  ]
  return lines.filter(Boolean).map((line) => `\n  !        ${line}`).join('')
}

let ending = false

/** Ends with everything that was started; an error is told, Ctrl-C is no error. */
async function end(error) {
  if (ending) return
  ending = true
  await endAllGroups()
  if (error) report(error)
  process.exit(error ? 1 : 0)
}

await main(import.meta.url, async () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end())
  await develop().catch(end)
})
