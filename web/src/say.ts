// What is told to people who do not see the page change, and short notes for everybody.

import { byId, h } from './dom'

/** Announces a change. One polite place a page; never timers, counters or levels. */
export function say(text: string) {
  byId('status').textContent = text
}

interface ToastOptions {
  /** A button's text. */
  action?: string
  /** The button is Control+Z's too: in a long list nobody comes to it by Tab in time. */
  undo?: boolean
  /** How long it stays, in milliseconds. */
  ms?: number
}

/** A note at the edge: resolves with true when its button was pressed, with false when it went by itself. */
export function toast(text: string, { action, undo = false, ms = 5_000 }: ToastOptions = {}): Promise<boolean> {
  return new Promise((resolve) => {
    const close = (pressed: boolean) => {
      clearTimeout(timer)
      document.removeEventListener('keydown', key)
      note.remove()
      resolve(pressed)
    }
    const note = h('div', { class: 'toast' }, h('span', {}, text),
      action && h('button', { type: 'button', class: 'link', title: undo && 'Ctrl+Z', 'aria-keyshortcuts': undo && 'Control+Z', on: { click: () => close(true) } }, action),
      !action && h('button', { type: 'button', class: 'link', on: { click: () => close(false) } }, 'Close'))
    const key = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.closest('input, textarea, dialog')
      // Of several, the newest.
      const newest = [...byId('toasts').querySelectorAll('[aria-keyshortcuts]')].at(-1)
      if (typing || !newest || !note.contains(newest) || event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey) return
      event.preventDefault()
      close(true)
    }
    if (undo) document.addEventListener('keydown', key)
    let timer = setTimeout(() => close(false), ms)
    // Who reads or aims slowly is waited for.
    for (const [stop, go] of [['pointerenter', 'pointerleave'], ['focusin', 'focusout']] as const) {
      note.addEventListener(stop, () => clearTimeout(timer))
      note.addEventListener(go, () => (timer = setTimeout(() => close(false), ms)))
    }
    byId('toasts').append(note)
    say(text)
  })
}
