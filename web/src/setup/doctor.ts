// The doctor's checks as a list, each with what to do about it.

import { get } from '../api'
import { h, icon, spoken } from '../dom'
import { count, sentence } from '../format'
import { say } from '../say'
import { panel } from './panel'

interface Check {
  name: string
  ok: boolean
  what: string
  /** With `ok` it is advice. */
  remedy: string | null
}

interface Told {
  ok: boolean
  checks: Check[]
}

/** What needs doing comes first. */
const rank = ({ ok, remedy }: Check) => (ok ? (remedy ? 1 : 2) : 0)
const MARKS = [['Wrong', 'bad'], ['Advice', 'busy'], ['Good', 'good']] as const

export const doctor = () => panel('Checks', async () => {
  const { ok, checks } = await get<Told>('/api/doctor')
  const wrong = checks.filter((check) => !check.ok).length
  const verdict = ok ? 'Everything that can be tried from here works.' : `${count(wrong, 'thing is', 'things are')} wrong.`
  say(verdict)
  return [
    h('p', { class: 'soft' }, verdict),
    h('ul', { class: 'checks' }, ...checks.toSorted((a, b) => rank(a) - rank(b)).map(line)),
  ]
}, { again: 'Check again', meanwhile: 'LiveKit is called, and an object is written, read and deleted with each key. It takes some seconds.' })

function line(check: Check) {
  const [mark, kind] = MARKS[rank(check)]!
  return h('li', { class: 'check-line' }, h('span', { class: `badge ${kind}` }, check.ok && !check.remedy && icon('saved'), mark),
    h('div', {}, h('p', {}, h('code', {}, check.name)), h('p', { dir: 'auto' }, ...spoken(sentence(check.what))),
      check.remedy && h('p', { class: 'remedy', dir: 'auto' }, ...spoken(sentence(check.remedy)))))
}
