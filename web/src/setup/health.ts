// What the Worker says of itself to anybody.

import { call, Failure } from '../api'
import { h } from '../dom'

export interface Health {
  ok: boolean
  version: string
  faults: { name: string; expected: string }[]
  database: string
  scheduleAgeSeconds: number | null
  scheduleLate: boolean
  webhookAgeSeconds: number | null
}

export async function health() {
  const told = await call<Health>('GET', '/healthz', { alsoRefused: true })
  if (!('faults' in told)) throw new Failure(0, 'unreadable', 'The server does not tell how it is.')
  return wellbeing(told)
}

export function wellbeing(told: Health) {
  const pair = (name: string, value: string, bad = false) => [h('dt', {}, name), h('dd', { class: bad ? 'bad' : '' }, value)]
  return h('section', { class: 'panel stack' },
    h('h2', {}, told.ok ? 'The Worker is well' : 'The Worker is not ready yet'),
    told.faults.length > 0 && h('ul', { class: 'stack' }, ...told.faults.map(({ name, expected }) => h('li', {}, h('code', {}, name), `: ${expected}`))),
    h('dl', { class: 'pairs' },
      ...pair('Version', told.version),
      ...pair('Database', told.database, told.database !== 'ok'),
      ...pair('Schedule ran', ago(told.scheduleAgeSeconds), told.scheduleLate),
      ...pair('Last webhook', ago(told.webhookAgeSeconds))))
}

const units = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute'], [1, 'second']] as const

function ago(seconds: number | null) {
  if (seconds === null) return 'never yet'
  if (seconds < 2) return 'just now'
  const [size, unit] = units.find(([size]) => seconds >= size) ?? units[3]
  return new Intl.RelativeTimeFormat('en').format(-Math.round(seconds / size), unit)
}
