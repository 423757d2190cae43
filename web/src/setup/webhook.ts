// Where LiveKit's webhooks go, to be copied; and one sent for a try.

import { h, icon } from '../dom'
import { toast } from '../say'

export function webhook() {
  const url = new URL('/livekit-webhook', location.origin).href
  const field = h('input', { id: 'webhook-url', class: 'mono', value: url, readonly: true, on: { focus: () => field.select() } })
  const copy = h('button', { type: 'button', on: { click: async () => {
    await navigator.clipboard.writeText(url).catch(() => field.select())
    void toast('The address is copied.')
  } } }, icon('copy'), 'Copy')
  return h('section', { class: 'panel stack' }, h('h2', {}, 'Webhook'),
    h('div', { class: 'field' }, h('label', { for: 'webhook-url' }, 'LiveKit sends its webhooks to'), h('div', { class: 'row nowrap' }, field, copy)),
    h('p', { class: 'hint' }, 'LiveKit Cloud: Settings, Webhooks, Add. Choose the API key that LIVEKIT_API_KEY names to sign with.'))
}
