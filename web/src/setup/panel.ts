// A part of Set-up that fills itself, and says so when it cannot. A server without its route shows nothing of it.

import { Failure } from '../api'
import { h, put } from '../dom'
import { words } from '../trouble'

export function panel(title: string, fill: () => Promise<(Node | null | false)[]>, again?: string) {
  const inside = h('div', { class: 'stack', 'aria-busy': 'true' }, h('p', { class: 'soft' }, 'Looking…'))
  const button = again && h('button', { type: 'button', on: { click: () => void load() } }, again)
  const section = h('section', { class: 'panel stack' }, h('div', { class: 'row between' }, h('h2', {}, title), button), inside)
  async function load() {
    inside.setAttribute('aria-busy', 'true')
    if (button) button.disabled = true
    try {
      put(inside, ...(await fill()))
    } catch (error) {
      if (error instanceof Failure && ['not_found', 'method_not_allowed'].includes(error.code)) section.remove()
      put(inside, h('p', { class: 'wrong', role: 'alert' }, words(error)))
    }
    inside.setAttribute('aria-busy', 'false')
    if (button) button.disabled = false
  }
  void load()
  return section
}
