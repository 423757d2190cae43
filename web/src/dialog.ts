// A question in a dialog: resolves with the button's value, or with an empty text when it was closed.

import { h } from './dom'

interface Choice {
  value: string
  text: string
  /** The button that Enter presses. */
  main?: boolean
  danger?: boolean
}

export function ask(title: string, content: (Node | string)[], choices: Choice[]): Promise<string> {
  return new Promise((resolve) => {
    const heading = h('h2', { id: 'dialog-title' }, title)
    // The main button comes first for Enter, and last for the eye.
    const buttons = choices.map(({ value, text, main, danger }) =>
      h('button', { type: main ? 'submit' : 'button', value, class: danger ? 'danger' : main ? 'primary' : '', on: { click: main ? () => {} : () => dialog.close(value) } }, text))
    const main = choices.find((choice) => choice.main)?.value ?? ''
    const form = h('form', { on: { submit: (event: Event) => (event.preventDefault(), dialog.close(main)) } }, heading, ...content, h('div', { class: 'row end' }, ...buttons))
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', on: {
      click: (event: MouseEvent) => event.target === dialog && dialog.close(''),
      close: () => (dialog.remove(), resolve(dialog.returnValue)),
    } }, form)
    document.body.append(dialog)
    dialog.showModal()
  })
}
