// What happened to a recording or a stream, by each witness's word: `…/why`.

import { get } from '../api'
import { h, put, spoken } from '../dom'
import { moment, sentence } from '../format'
import { words } from '../trouble'

interface Told {
  at: string
  what: string
  by: string
  /** An id, an error, a state; of a webhook, how many came. */
  detail: string | number | null
}

export interface Why {
  status: string
  events: Told[]
  /** The newest of any webhook at all. */
  lastWebhookAt: string | null
  next: string | null
  nextAt: string | null
  issues: { issue: string; found: boolean; answer: string | null }[]
}

/** A fold that asks when it is opened. */
export function story(path: string) {
  const inside = h('div', { class: 'stack' })
  let asked = false
  const fold = h('details', { on: { toggle: async () => {
    if (asked || !fold.open) return
    asked = true
    put(inside, h('p', { class: 'soft' }, 'Looking…'))
    try {
      put(inside, timeline(await get<Why>(path)))
    } catch (error) {
      asked = false
      put(inside, h('p', { class: 'wrong', role: 'alert' }, words(error)))
    }
  } } }, h('summary', {}, 'What happened'), inside)
  return fold
}

/** The answers first: whoever opens this has a question. */
export function timeline({ events, next, nextAt, lastWebhookAt, issues }: Why) {
  const answers = issues.filter(({ found }) => found)
  return h('div', { class: 'stack' },
    answers.length > 0 && h('div', { class: 'answers' }, ...answers.map(({ issue, answer }) =>
      h('p', { class: 'answer' }, h('strong', {}, sentence(issue.replaceAll('_', ' '))), h('span', { dir: 'auto' }, ...spoken(sentence(answer ?? '')))))),
    h('ol', { class: 'timeline' }, ...events.map(event)),
    h('p', {}, h('strong', {}, 'Next: '), next ?? 'nothing', nextAt && h('span', { class: 'soft' }, ', ', h('time', { class: 'number', datetime: nextAt }, moment(nextAt)))),
    h('p', { class: 'hint' }, 'Last webhook of any room: ', lastWebhookAt ? h('time', { class: 'number', datetime: lastWebhookAt }, moment(lastWebhookAt)) : 'never yet'))
}

function event({ at, what, by, detail }: Told) {
  const times = by === 'webhook' && typeof detail === 'number'
  const about = times ? (detail > 1 ? `${detail} in all` : null) : detail === null ? null : String(detail)
  const ahead = Date.parse(at) > Date.now()
  return h('li', { class: ahead ? 'ahead' : '' }, h('time', { class: 'soft number', datetime: at }, moment(at)),
    h('p', { dir: 'auto' }, by === 'webhook' ? what : sentence(what), ' ', h('span', { class: 'badge' }, by)),
    about && h('p', { class: 'hint detail', dir: 'auto' }, about))
}
