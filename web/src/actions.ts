// What can be done with a recording: save, download, share, edit, delete. On cards and on the Watch page.

import { call, Failure, get, post } from './api'
import { busy } from './busy'
import { ask } from './dialog'
import { h, icon, put, type IconName } from './dom'
import { size } from './format'
import { say, toast } from './say'
import type { Recording, Visibility } from './shapes'
import { words } from './trouble'

export interface ActionHooks {
  /** It has other words now: draw it anew. */
  changed: (recording: Recording) => void
  /** It is to be gone, with the way back. */
  removed: (recording: Recording) => () => void
}

/** So long a deletion can be taken back; it is sent only then. */
export const UNDO_MS = 7_000
/** As the route's `Retry-After` has it. */
const SAVE_POLL_MS = 5_000

export function actions(recording: Recording, hooks: ActionHooks) {
  const own = recording.ownerId !== null
  const ready = recording.status === 'ready'
  const box = h('div', { class: 'actions' })
  /** The label is short for the eye and whole for the ear. */
  const button = (name: IconName, text: string, rest: string, work: () => Promise<unknown>, extra = '') => {
    const element = h('button', { type: 'button', class: extra || name, title: `${text}${rest}`, on: {
      click: () => void busy(element, work).catch((error) => toast(words(error))),
    } }, icon(name), h('span', { class: 'label' }, text), h('span', { class: 'aside' }, `${rest}: ${recording.title}`))
    return element
  }
  put(box,
    own && ready && !recording.saved && button('save', 'Save', ' to Storj', () => save(recording, hooks, box)),
    ready && button('download', 'Download', '', () => download(recording)),
    ready && button('share', 'Share', '', () => share(recording, hooks)),
    own && recording.status !== 'deleting' && button('edit', 'Edit', '', () => edit(recording, hooks)),
    own && recording.status !== 'deleting' && button('remove', 'Delete', '', async () => remove(recording, hooks), 'remove push'))
  return box
}

interface Saving {
  status: 'saving' | 'saved'
  copiedBytes: number
  totalBytes: number
  /** What the last try failed for: it is tried again by itself. */
  error: string | null
}

/** Each answer says how far it is; the page asks again until it is saved. */
async function save(recording: Recording, hooks: ActionHooks, box: HTMLElement) {
  const bar = h('progress', { 'aria-label': `Saving ${recording.title}`, max: 100, value: 0 })
  const note = h('p', { class: 'hint' }, 'Saving to Storj…')
  box.append(bar, note)
  say('Saving to Storj')
  try {
    for (;;) {
      const { status, copiedBytes, totalBytes, error } = await post<Saving>(`/api/recordings/${recording.id}/save`)
      if (status === 'saved') {
        hooks.changed(await get<Recording>(`/api/recordings/${recording.id}`))
        void toast('Saved: no expiry and no clean-up touches it any more.')
        return
      }
      bar.value = totalBytes > 0 ? (copiedBytes / totalBytes) * 100 : 0
      put(note, error ? 'The storage did not take a part of it. It is tried again by itself.' : `${size(copiedBytes)} of ${size(totalBytes)} copied. It goes on when you leave.`)
      await new Promise((resolve) => setTimeout(resolve, SAVE_POLL_MS))
    }
  } finally {
    bar.remove()
    note.remove()
  }
}

/** By a signed link that says under which name it is saved: the page stays where it is. */
async function download({ id }: Recording) {
  const { url } = await post<{ url: string }>(`/api/recordings/${id}/download`)
  location.assign(url)
  say('The download has begun')
}

async function share(recording: Recording, hooks: ActionHooks) {
  const link = new URL(`/watch/${recording.id}`, location.origin).href
  if (recording.visibility === 'private') {
    const choice = await ask('This recording is private', ['Only you can open its link. Make it public, and whoever has the link can watch.'], [
      { value: 'cancel', text: 'Cancel' },
      { value: 'copy', text: 'Copy the link' },
      { value: 'publish', text: 'Make public and copy', main: true },
    ])
    if (choice === 'publish') hooks.changed(await call<Recording>('PATCH', `/api/recordings/${recording.id}`, { body: { visibility: 'public' } }))
    else if (choice !== 'copy') return
  }
  if (navigator.share && matchMedia('(pointer: coarse)').matches) {
    await navigator.share({ title: recording.title, url: link }).catch(() => {}) // Closed without sharing.
    return
  }
  try {
    await navigator.clipboard.writeText(link)
    void toast('The link is copied.')
  } catch {
    const field = h('input', { value: link, readonly: true, 'aria-label': 'Link' })
    await ask('Link to this recording', [field], [{ value: '', text: 'Done', main: true }])
  }
}

async function edit(recording: Recording, hooks: ActionHooks) {
  const title = h('input', { id: 'edit-title', value: recording.title, maxlength: 200, required: true, dir: 'auto', autofocus: true })
  const open = h('input', { type: 'checkbox', checked: recording.visibility === 'public' })
  const choice = await ask('Edit recording', [
    h('div', { class: 'field' }, h('label', { for: 'edit-title' }, 'Title'), title),
    h('label', { class: 'check' }, open, h('span', {}, 'Public: everybody can find and watch it')),
  ], [{ value: 'cancel', text: 'Cancel' }, { value: 'save', text: 'Save', main: true }])
  if (choice !== 'save') return
  const visibility: Visibility = open.checked ? 'public' : 'private'
  const body = { title: title.value.trim(), visibility }
  hooks.changed({ ...recording, ...body })
  try {
    hooks.changed(await call<Recording>('PATCH', `/api/recordings/${recording.id}`, { body }))
    say('Changed')
  } catch (error) {
    hooks.changed(recording)
    throw error
  }
}

/** Gone from the eye at once, and from the server when nobody took it back, or the page is left. */
async function remove(recording: Recording, hooks: ActionHooks) {
  const putBack = hooks.removed(recording)
  let sent: Promise<unknown> | undefined
  const send = () => (sent ??= call('DELETE', `/api/recordings/${recording.id}`, { keepalive: true }))
  addEventListener('pagehide', send)
  const undone = await toast(`“${recording.title}” is deleted.`, { action: 'Undo', undo: true, ms: UNDO_MS })
  removeEventListener('pagehide', send)
  if (undone && !sent) {
    putBack()
    say('It is back')
    return
  }
  try {
    await send()
  } catch (error) {
    if (error instanceof Failure && error.status === 404 && error.code === 'recording_not_found') return
    putBack()
    throw error
  }
}
