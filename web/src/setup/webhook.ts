// Where LiveKit's webhooks go, to be copied; and one sent for a try.

import { call, post } from '../api'
import { busy } from '../busy'
import { h, icon, put } from '../dom'
import { say, toast } from '../say'
import { words } from '../trouble'
import type { Health } from './health'

/** A webhook of the Worker's own, signed as LiveKit signs. */
interface Signed {
  url: string
  body: string
  authorization: string
}

/** `told` is called when the Worker took one, with what it then says of itself. */
export function webhook(told: (health: Health) => void) {
  const field = h('input', { id: 'webhook-url', class: 'mono', value: new URL('/livekit-webhook', location.origin).href, readonly: true, on: { focus: () => field.select() } })
  const copy = h('button', { type: 'button', on: { click: async () => {
    await navigator.clipboard.writeText(field.value).catch(() => field.select())
    void toast('The address is copied.')
  } } }, icon('copy'), 'Copy')
  const became = h('div', { class: 'stack' })
  const send = h('button', { type: 'button', on: { click: () => void busy(send, async () => put(became, ...(await tried()))) } }, 'Send a test webhook')

  async function tried() {
    put(became, h('p', { class: 'soft' }, 'Sending…'))
    try {
      const signed = await post<Signed>('/api/doctor/webhook')
      field.value = signed.url
      return new URL(signed.url).origin === location.origin ? await sent(signed) : elsewhere(signed)
    } catch (error) {
      return [h('p', { class: 'wrong', role: 'alert' }, words(error))]
    }
  }

  async function sent({ url, body, authorization }: Signed) {
    const began = performance.now()
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/webhook+json', Authorization: authorization }, body })
    const ms = Math.round(performance.now() - began)
    const text = await answer.text()
    told(await call<Health>('GET', '/healthz', { alsoRefused: true }))
    const verdict = answer.ok ? 'The Worker took it: signature and database are right.' : 'The Worker did not take it.'
    say(verdict)
    return [
      h('p', { class: 'row' }, h('span', { class: `badge number ${answer.ok ? 'good' : 'bad'}` }, `${answer.status} after ${ms} ms`), h('span', {}, verdict)),
      h('div', {}, h('p', { class: 'soft' }, 'Sent'), h('pre', { dir: 'ltr', tabindex: 0 }, body)),
      h('div', {}, h('p', { class: 'soft' }, 'Answered'), h('pre', { dir: 'ltr', tabindex: 0 }, text)),
      answer.ok && h('p', { class: 'hint' }, 'That LiveKit sends its own to this address, only LiveKit’s settings can see to: the check webhooks_seen says whether one came.'),
    ]
  }
  return h('section', { class: 'panel stack' }, h('h2', {}, 'Webhook'),
    h('div', { class: 'field' }, h('label', { for: 'webhook-url' }, 'LiveKit sends its webhooks to'), h('div', { class: 'row nowrap' }, field, copy)),
    h('p', { class: 'hint' }, 'LiveKit Cloud: Settings, Webhooks, Add. Choose the API key that LIVEKIT_API_KEY names to sign with.'),
    h('p', {}, send), became)
}

/** This page's policy lets it reach its own address alone. */
const elsewhere = ({ url }: Signed) => {
  const { origin } = new URL(url)
  return [h('p', {}, 'PUBLIC_URL names another address than this page’s. Try it from there: ', h('a', { href: `${origin}/setup` }, `${origin}/setup`))]
}
