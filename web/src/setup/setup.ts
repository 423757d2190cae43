// Set-up: whether everything is in place, what it costs, and what happened to one recording. For administrators.

import { Failure, get } from '../api'
import { byId, h, put } from '../dom'
import { signInOffer, start } from '../page'
import { onSession, session } from '../session'
import { trouble } from '../trouble'
import { doctor } from './doctor'
import { health } from './health'
import { stories } from './stories'
import { usage } from './usage'
import { webhook } from './webhook'

const into = byId('setup')

async function show() {
  into.setAttribute('aria-busy', 'true')
  try {
    await draw()
  } catch (error) {
    put(into, trouble(error, show))
  }
  into.setAttribute('aria-busy', 'false')
}

async function draw() {
  const state = await health()
  if (!session()) return put(into, state, signInOffer('The checks, the costs and the stories are for administrators.'))
  const refused = await forbidden()
  if (refused) {
    return put(into, state, h('div', { class: 'empty' }, h('h2', {}, 'This is for administrators'),
      h('p', {}, 'Your user id is ', h('code', {}, session()!.user), '. Whoever runs this adds it to ADMIN_USER_IDS.')))
  }
  put(into, h('div', { class: 'columns' },
    h('div', { class: 'stack' }, state, doctor(), webhook()),
    h('div', { class: 'stack' }, usage(), stories())))
}

/** Whether the server takes the caller for no administrator. */
async function forbidden() {
  try {
    await get('/api/usage')
  } catch (error) {
    if (error instanceof Failure && error.status === 403) return true
    if (error instanceof Failure && error.status === 401) throw error
  }
  return false
}

await start()
await show()
onSession(() => void show())
