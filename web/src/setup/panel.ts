// A part of Set-up that fills itself, and says so when it cannot.

import { busy } from '../busy'
import { h, put } from '../dom'
import { words } from '../trouble'

interface Options {
  /** A button that fills it anew. */
  again?: string
  /** What is done meanwhile. */
  meanwhile?: string
}

export function panel(title: string, fill: () => Promise<(Node | null | false)[]>, { again, meanwhile = 'Looking…' }: Options = {}) {
  const inside = h('div', { class: 'stack', 'aria-busy': 'true' })
  const button = h('button', { type: 'button', on: { click: () => void busy(button, load) } }, again ?? '')
  async function load() {
    inside.setAttribute('aria-busy', 'true')
    if (!inside.childElementCount) put(inside, h('p', { class: 'soft' }, meanwhile))
    try {
      put(inside, ...(await fill()))
    } catch (error) {
      put(inside, h('p', { class: 'wrong', role: 'alert' }, words(error)))
    }
    inside.setAttribute('aria-busy', 'false')
  }
  void busy(button, load)
  return h('section', { class: 'panel stack' }, h('div', { class: 'row between' }, h('h2', {}, title), again && button), inside)
}
