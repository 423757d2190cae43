// Watch: `/watch/{recordingId}` and `/watch/live/{streamId}`.

import { byId, put } from '../dom'
import { start } from '../page'
import { onSession } from '../session'
import { trouble } from '../trouble'
import { watchRecording } from './recording'
import { watchStream } from './stream'

const [, , first, second] = location.pathname.split('/')
const into = byId('watch')

/** Ends what the last showing began. */
let end = () => {}

async function show() {
  end()
  end = () => {}
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
onSession(() => void show())
