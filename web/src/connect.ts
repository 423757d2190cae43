// LiveKit's client, loaded when somebody joins a room and never before: it weighs more than all pages together.

import { Failure } from './api'

export const loadLiveKit = async () => {
  const client = await import('livekit-client')
  // It reports ordinary reconnects as errors, with the token in the address.
  client.setLogLevel('silent')
  return client
}

const here = ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname)

/** What a failed `connect` comes to. The client's own words are not shown: they repeat the token. */
export const unreachable = () =>
  new Failure(0, 'livekit_unreachable', 'LiveKit cannot be reached from here', here
    ? 'the stand-in of npm run dev takes no cameras; a real LIVEKIT_URL in .dev.vars does'
    : 'a firewall may keep WebRTC out, or the server is down: try another network')
