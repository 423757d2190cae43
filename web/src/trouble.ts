// What is shown in place of something that could not be loaded: what, why, what to do.

import { Failure } from './api'
import { h } from './dom'
import { sentence } from './format'
import { session, signIn } from './session'
import { settings } from './settings'

export function trouble(error: unknown, again?: () => unknown, heading: 'h1' | 'h2' = 'h2') {
  const failure = known(error)
  if (failure.status === 404) return notHere(failure, heading)
  return h('div', { class: 'empty', role: 'alert' },
    h(heading, {}, failure.offline ? 'The server cannot be reached' : sentence(failure.message)),
    h('p', {}, failure.offline ? 'Is the network there? What you typed is kept.' : sentence(failure.hint ?? '')),
    again && h('button', { type: 'button', class: 'primary', on: { click: () => void again() } }, 'Try again'),
    failure.requestId && h('p', { class: 'hint' }, 'Request ', h('code', {}, failure.requestId)))
}

/** Deleted, never there, or somebody's own: the server does not tell which, and asking again does not help. */
function notHere(failure: Failure, heading: 'h1' | 'h2') {
  return h('div', { class: 'empty' }, h(heading, {}, sentence(failure.message)),
    h('p', {}, session() ? 'It may have been deleted, or it is somebody else’s own.' : 'It may have been deleted, or it is private: then its owner sees it when signed in.'),
    h('div', { class: 'row' }, !session() && settings.signInUrl && h('button', { type: 'button', class: 'primary', on: { click: () => signIn() } }, 'Sign in'),
      h('a', { class: 'button', href: '/discover' }, 'See what there is')))
}

/** The same as one line. */
export function words(error: unknown) {
  const failure = known(error)
  return sentence(failure.hint && !failure.offline ? `${failure.message}: ${failure.hint}` : failure.message)
}

/** A fault of this page's own is told to whoever opens the console, and to people only as that. */
function known(error: unknown) {
  if (error instanceof Failure) return error
  console.error(error)
  return new Failure(0, 'broken', 'Something went wrong in this page.')
}
