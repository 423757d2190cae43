// Records one room from start to end, by the routes that anybody may use and a participant who joins: so that a new
// database has something to show, and the whole way from token to playback has been gone once.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './processes.mjs'
import { Stop } from './steps.mjs'

const tooEarly = ['failed', 'aborted', 'limit_reached']

/** Returns `{id, url}` of the recording. `call(method, path, body)` answers with JSON, in the name of one user. */
export async function recordOnce({ call, livekit, say }) {
  const roomName = `first-${Date.now().toString(36)}`
  const { participant_token: token, streamId } = await call('POST', '/livekit-token', {
    roomName,
    role: 'host',
    title: 'The first recording',
    record: true,
  })

  say(`${roomName}: the host joins and publishes`)
  await join(livekit, token)
  // As the Live page does it with the camera's: this one is of the stand-in's film.
  const picture = readFileSync(path.join(root, 'devstack/assets/sample.jpg'))
  await call('PUT', `/api/streams/${streamId}/thumbnail`, new Blob([picture], { type: 'image/jpeg' }))

  await until('the recording starts', async () => {
    const { recording } = await call('GET', `/api/streams/${streamId}`)
    say(`${roomName}: recording is ${recording.status}`)
    if (tooEarly.includes(recording.status)) throw new Stop(`The recording ended: ${recording.status} ${recording.error ?? ''}`)
    return recording.status === 'recording'
  })
  await pause(4_000) // Long enough to be worth a look.

  say(`${roomName}: the stream ends`)
  await call('POST', `/api/streams/${streamId}/end`, {})

  const recording = await until('the file lies in the bucket', async () => {
    const { recordings } = await call('GET', `/api/recordings?streamId=${streamId}`)
    if (recordings.length > 0) say(`${roomName}: recording is ${recordings[0].status}`)
    return recordings.find(({ status }) => status === 'ready')
  })
  const { url } = await call('GET', `/api/recordings/${recording.id}/playback`)
  return { id: recording.id, url }
}

/** A participant of the stand-in, who publishes camera and microphone. */
async function join(livekit, token) {
  const response = await fetch(`${livekit}/dev/join`, { method: 'POST', body: JSON.stringify({ token, publish: true }) })
  if (!response.ok) throw new Stop(`The stand-in let nobody join: ${response.status} ${await response.text()}`)
}

async function until(what, look, seconds = 60) {
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) {
    const found = await look()
    if (found) return found
    await pause(500)
  }
  throw new Stop(`Waited ${seconds} s in vain until ${what}. The log lines above say why.`)
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
