// What is decided before going live.

import { busy } from '../busy'
import { foreign, h, put } from '../dom'
import { session } from '../session'
import { settings } from '../settings'
import type { Quality, Visibility } from '../shapes'
import { words } from '../trouble'
import type { Preview } from './preview'
import { pricePerHour } from './price'

export interface Choices {
  title: string
  record: boolean
  saveToStorj: boolean
  quality: Quality
  visibility: Visibility
}

const QUALITIES: [Quality, string][] = [['720p', '720p · smallest'], ['1080p', '1080p · usual'], ['4k', '4K · largest']]
/** What was typed survives a sign-in and a reload. */
const DRAFT = 'live.draft'

export const firstQuality = (): Quality => draft().quality ?? settings.quality ?? '1080p'
const draft = (): Partial<Choices> => JSON.parse(sessionStorage.getItem(DRAFT) ?? '{}')

/** `go` is called with the choices; while it works the button waits, and what it throws is said under it. */
export function form(preview: Preview, go: (choices: Choices) => Promise<void>) {
  const before = draft()
  const title = h('input', { id: 'title', required: true, maxlength: 200, value: before.title ?? '', dir: 'auto', autocomplete: 'off', placeholder: 'What is it about?' })
  const record = h('input', { type: 'checkbox', id: 'record', checked: before.record ?? true })
  const save = h('input', { type: 'checkbox', id: 'save', checked: before.saveToStorj ?? false })
  const quality = h('select', { id: 'quality' }, ...QUALITIES.map(([value, text]) => h('option', { value, selected: value === firstQuality() }, text)))
  const visibility = h('select', { id: 'visibility' },
    ...(['public', 'private'] as const).map((value) => h('option', { value, selected: value === (before.visibility ?? settings.visibility) }, value === 'public' ? 'Everybody' : 'Only me')))
  const price = h('p', { class: 'hint' })
  const wrong = h('p', { class: 'wrong', role: 'alert' })
  const button = h('button', { type: 'submit', class: 'danger go' }, 'Go Live Now')
  const chosen = (): Choices => ({
    title: title.value.trim(), record: record.checked, saveToStorj: record.checked && save.checked,
    quality: quality.value as Quality, visibility: visibility.value as Visibility,
  })
  const keep = () => {
    save.disabled = !record.checked
    sessionStorage.setItem(DRAFT, JSON.stringify(chosen()))
  }
  let asked = 0
  const showPrice = async () => {
    const mine = ++asked
    const text = record.checked ? await pricePerHour(quality.value as Quality) : null
    if (mine === asked) put(price, text && `Recording: ${text}`)
  }
  quality.addEventListener('change', () => preview.setQuality(quality.value as Quality))

  async function submit(event: Event) {
    event.preventDefault()
    await busy(button, async () => {
      put(wrong)
      put(button, 'Going live…')
      await go(chosen()).catch((error) => put(wrong, words(error)))
      put(button, 'Go Live Now')
    })
  }

  const element = h('form', { class: 'panel stack', on: { submit, input: () => (keep(), void showPrice()) } },
    h('p', { class: 'as' }, 'Going live as ', h('strong', {}, foreign(session()?.name ?? ''))),
    h('div', { class: 'field' }, h('label', { for: 'title' }, 'Title'), title),
    h('div', { class: 'field' }, h('label', { for: 'visibility' }, 'Who may watch'), visibility),
    h('label', { class: 'check' }, record, h('span', {}, 'Record Stream')),
    h('label', { class: 'check' }, save, h('span', {}, 'Save to Storj ', h('span', { class: 'hint' }, 'kept for good: no expiry touches it'))),
    h('div', { class: 'field' }, h('label', { for: 'quality' }, 'Quality'), quality, price),
    preview.devices, button, wrong)
  keep()
  void showPrice()
  return element
}
