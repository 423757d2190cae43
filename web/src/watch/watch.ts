// Watch: `/watch/{recordingId}` and `/watch/live/{streamId}`.

import { byId, put } from '../dom'
import { start } from '../page'
import { onSession, session, signedOut } from '../session'
import { trouble } from '../trouble'
import { watchRecording } from './recording'
import { watchStream } from './stream'

const [, , first, second] = location.pathname.split('/')
const into = byId('watch')

/** Ends what the last showing began. */
let end = () => {}
/** For whom it is drawn. */
let viewer: string | null = null

async function show() {
  end()
  end = () => {}
  viewer = session()?.user ?? null
  into.setAttribute('aria-busy', 'true')
  try {
    end = await (first === 'live' && second ? watchStream(into, second, show) : watchRecording(into, first ?? ''))
  } catch (error) {
    put(into, trouble(error, show, 'h1'))
  }
  into.setAttribute('aria-busy', 'false')
}

await start()
await show()
// To draw it anew is to begin at 0:00, or to leave the room. A session that ends is no reason: the next call asks as nobody.
// Nor is a sign-out in another tab, where it is drawn for nobody as it is.
onSession(() => {
  const now = session()
  if (now ? now.user !== viewer : signedOut && viewer !== null) void show()
})
