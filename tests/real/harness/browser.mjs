// A Chromium with a made-up camera and microphone, in whose one page people join rooms by LiveKit's own client.
//
//     const browser = await openBrowser()
//     await browser.join('alice', url, token, { publish: true })
//
// It is spoken to over a pipe (DevTools protocol): no port, and it ends with us.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findChromium } from '../../../scripts/parts/chromium.mjs'
import { killWithUs } from '../../../scripts/parts/processes.mjs'

const client = createRequire(import.meta.url).resolve('livekit-client')
const page = new URL('page.js', import.meta.url)

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
  ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--allow-loopback-in-peer-connection'],
  '--remote-debugging-pipe',
]

export async function openBrowser() {
  const program = findChromium()
  const site = await servePage()
  const profile = mkdtempSync(path.join(tmpdir(), 'livekit-storj-chromium-'))
  const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], { stdio, detached: true })
  const forget = child.pid ? killWithUs(-child.pid) : () => {}
  // 'error': it could not be started at all.
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  const kill = async () => {
    if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
  }
  const close = async () => {
    await kill()
    forget()
    site.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    return { ...(await openPage(speak(child, ended), site.url)), kill, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What can be done in the page: all that `openBrowser` answers but `kill` (as a power cut ends it: nobody says good-bye) and `close`. */
async function openPage(devtools, url) {
  const { targetId } = await devtools('Target.createTarget', { url })
  const { sessionId } = await devtools('Target.attachToTarget', { targetId, flatten: true })
  /** Calls a function of page.js there, and answers what it answers. */
  const call = async (name, ...args) => {
    const expression = `(async () => { await window.loaded; return ${name}(...${JSON.stringify(args)}) })()`
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true }
    const { result, exceptionDetails: thrown } = await devtools('Runtime.evaluate', options, sessionId)
    if (thrown) throw new Error(`${name}: ${thrown.exception?.description ?? thrown.text}`)
    return result.value
  }
  await untilLoaded(() => devtools('Runtime.evaluate', { expression: 'Boolean(window.loaded)' }, sessionId))
  return {
    /** Joins as `who` (a name of the test's own), publishing only if asked: `{identity, sid, room}`. */
    join: (who, url, token, options = {}) => call('join', who, url, token, options),
    /** Publishes camera and microphone, or says why that was refused. */
    publish: (who) => call('publish', who),
    leave: (who) => call('leave', who),
    say: (who, text) => call('say', who, text),
    setAttributes: (who, attributes) => call('setAttributes', who, attributes),
    /** What somebody sees: `{state, room, people, pictures, heard, ended, reconnects}`. */
    seen: (who) => call('seen', who),
  }
}

/** A function `(method, params, session)` that answers the result. */
function speak(child, ended) {
  const waiting = new Map()
  let [last, rest] = [0, '']
  child.stdio[3].on('error', () => {})
  child.stdio[4].setEncoding('utf8').on('data', (text) => {
    const messages = (rest + text).split('\0')
    rest = messages.pop()
    for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
      if (error) waiting.get(id)?.reject(new Error(error.message))
      else waiting.get(id)?.resolve(result)
      waiting.delete(id)
    }
  })
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      ended.then(() => reject(new Error('Chromium has ended')))
      waiting.set(++last, { resolve, reject })
      child.stdio[3].write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`)
    })
}

async function untilLoaded(look, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if ((await look()).result.value) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Chromium did not load the page in ${ms} ms`)
}

/** http://127.0.0.1 is a secure context, in which a page may have a camera. */
async function servePage() {
  const files = {
    '/': ['text/html', '<!doctype html><title>test</title><script src="client.js"></script><script src="page.js"></script>'],
    '/client.js': ['text/javascript', readFileSync(client)],
    '/page.js': ['text/javascript', readFileSync(page)],
  }
  const server = createServer(({ url }, response) => {
    const [type, text] = files[url] ?? ['text/plain', '']
    response.writeHead(files[url] ? 200 : 404, { 'content-type': type }).end(text)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => (server.closeAllConnections(), server.close()) }
}
