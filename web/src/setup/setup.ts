// Set-up: whether everything is in place, what it costs, and what happened to one recording. For administrators.

import { Failure, get } from '../api'
import { byId, h, put, takePlace } from '../dom'
import { signInOffer, start } from '../page'
import { onSession, session } from '../session'
import { trouble } from '../trouble'
import { doctor } from './doctor'
import { health, wellbeing } from './health'
import { stories } from './stories'
import { usage, type Usage } from './usage'
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
  let state = await health()
  if (!session()) return put(into, state, signInOffer('The checks, the costs and the stories are for administrators.'))
  const used = await admitted()
  if (!used) {
    return put(into, state, h('div', { class: 'empty' }, h('h2', {}, 'This is for administrators'),
      h('p', {}, 'Your user id is ', h('code', {}, session()!.user), '. Whoever runs this adds it to ADMIN_USER_IDS.')))
  }
  put(into, h('div', { class: 'columns' },
    h('div', { class: 'stack' }, state, doctor(), webhook((now) => takePlace(state, (state = wellbeing(now))))),
    h('div', { class: 'stack' }, usage(used), stories())))
}

/** The usage, which only administrators are told: null for somebody else. */
async function admitted() {
  try {
    return await get<Usage>('/api/usage')
  } catch (error) {
    if (error instanceof Failure && error.status === 403) return null
    throw error
  }
}

await start()
await show()
onSession(() => void show())
