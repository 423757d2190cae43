// What happened to a recording or a stream, by each witness's word: `…/why`.

import { Failure, get } from '../api'
import { h, put } from '../dom'
import { moment } from '../format'
import { words } from '../trouble'

export interface Why {
  events?: { at: string; what: string; by?: string }[]
  next?: string | null
}

/** A fold that asks when it is opened. */
export function story(path: string) {
  const inside = h('div', { class: 'stack' })
  let asked = false
  const fold = h('details', { on: { toggle: async () => {
    if (asked || !fold.open) return
    asked = true
    try {
      put(inside, timeline(await get<Why>(path)))
    } catch (error) {
      asked = false
      const absent = error instanceof Failure && ['not_found', 'method_not_allowed'].includes(error.code)
      put(inside, h('p', { class: 'soft' }, absent ? 'This server does not tell it yet.' : words(error)))
    }
  } } }, h('summary', {}, 'What happened'), inside)
  return fold
}

export function timeline({ events = [], next }: Why) {
  return h('div', { class: 'stack' },
    h('ol', { class: 'timeline' }, ...events.map(({ at, what, by }) =>
      h('li', {}, h('time', { class: 'soft number', datetime: at }, moment(at)), h('span', {}, what), by ? h('span', { class: 'badge' }, by) : null))),
    next ? h('p', {}, h('strong', {}, 'Next: '), next) : null)
}
