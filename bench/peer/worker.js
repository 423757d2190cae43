// The peer: the three hot routes as a web developer would write them today, in JavaScript with LiveKit's own server SDK, jose and
// aws4fetch, on the same D1 schema. `npm run bench` measures it beside the Worker in Rust.
//
// It answers a caller the same, and does less where nobody looks: see `webhook.js`.

import { callerOf, Refused } from './caller.js'
import { playback } from './playback.js'
import { token } from './token.js'
import { webhook } from './webhook.js'

const PLAYBACK = /^\/api\/recordings\/([^/]+)\/playback$/

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    const route = `${request.method} ${pathname}`
    try {
      if (route === 'POST /livekit-token') return await token(request, env, await callerOf(request, env))
      if (route === 'POST /livekit-webhook') return await webhook(request, env)
      const recording = request.method === 'GET' && PLAYBACK.exec(pathname)
      if (recording) return await playback(env, await callerOf(request, env), recording[1])
      throw new Refused(404, 'not_found', 'there is no such route')
    } catch (error) {
      return refusal(error)
    }
  },
}

function refusal(error) {
  const { status, code, message } = error instanceof Refused ? error : new Refused(500, 'internal', 'this should not have happened')
  if (status === 500) console.error(error)
  return Response.json({ success: false, code, message }, { status })
}
