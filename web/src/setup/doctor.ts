// The doctor's checks as a list, each with what to do about it.

import { get } from '../api'
import { h, icon } from '../dom'
import { count } from '../format'
import { panel } from './panel'

interface Check {
  name: string
  status: 'ok' | 'warning' | 'failed' | string
  message: string
  remedy?: string | null
}

const WORDS: Record<string, [string, string]> = { ok: ['Good', 'good'], warning: ['Look at it', 'busy'], failed: ['Wrong', 'bad'] }

export const doctor = () => panel('Checks', async () => {
  const { checks } = await get<{ checks: Check[] }>('/api/doctor')
  const wrong = checks.filter(({ status }) => status === 'failed').length
  return [
    h('p', { class: 'soft' }, wrong > 0 ? `${count(wrong, 'thing is', 'things are')} wrong.` : 'Everything that can be tried from here works.'),
    h('ul', { class: 'checks' }, ...checks.map(({ name, status, message, remedy }) => {
      const [text, kind] = WORDS[status] ?? [status, '']
      return h('li', { class: 'check-line' }, h('span', { class: `badge ${kind}` }, status === 'ok' && icon('saved'), text),
        h('div', {}, h('strong', {}, name), h('p', {}, message), remedy && h('p', { class: 'remedy' }, remedy)))
    })),
  ]
}, 'Check again')
