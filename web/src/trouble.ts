// What is shown in place of something that could not be loaded: what, why, what to do.

import { Failure } from './api'
import { h } from './dom'

export function trouble(error: unknown, again?: () => unknown, heading: 'h1' | 'h2' = 'h2') {
  const failure = known(error)
  return h('div', { class: 'empty', role: 'alert' },
    h(heading, {}, failure.offline ? 'The server cannot be reached' : failure.message),
    h('p', {}, failure.offline ? 'Is the network there? What you typed is kept.' : (failure.hint ?? '')),
    again && h('button', { type: 'button', class: 'primary', on: { click: () => void again() } }, 'Try again'),
    failure.requestId && h('p', { class: 'hint' }, 'Request ', h('code', {}, failure.requestId)))
}

/** The same as one line. */
export function words(error: unknown) {
  const failure = known(error)
  return failure.hint && !failure.offline ? `${failure.message}: ${failure.hint}` : failure.message
}

/** A fault of this page's own is told to whoever opens the console, and to people only as that. */
function known(error: unknown) {
  if (error instanceof Failure) return error
  console.error(error)
  return new Failure(0, 'broken', 'Something went wrong in this page.')
}
