// A recording: what it is, and what can be done with it.

import { actions, type ActionHooks } from '../actions'
import { h, icon } from '../dom'
import { count, length, size, spokenLength, when } from '../format'
import type { Recording } from '../shapes'
import { thumb } from './thumb'

export function recordingCard(recording: Recording, hooks: ActionHooks) {
  const { id, title, durationMs } = recording
  const corner = durationMs !== null && recording.status === 'ready'
    ? h('span', { class: 'corner' }, h('span', { 'aria-hidden': 'true' }, length(durationMs)), h('span', { class: 'aside' }, spokenLength(durationMs)))
    : null
  return h('li', { class: 'card', data: { id } },
    thumb(id, recording.thumbnailUrl, corner),
    h('div', { class: 'words' },
      h('h2', {}, h('a', { href: `/watch/${id}`, dir: 'auto' }, title)),
      facts(recording),
      badges(recording)),
    actions(recording, hooks))
}

export function facts({ createdAt, quality, sizeBytes, part, downloads }: Recording) {
  // `auto`: each is read in its own direction, also on a page that goes from right to left.
  const fact = (content: Node | string) => h('span', { dir: 'auto' }, content)
  return h('p', { class: 'facts' },
    fact(h('time', { datetime: createdAt }, when(createdAt))),
    fact(quality),
    sizeBytes !== null && fact(size(sizeBytes)),
    part > 1 && fact(`part ${part}`),
    downloads > 0 && fact(count(downloads, 'download')))
}

/** A day: below that, an expiry is worth red. */
const SOON_MS = 86_400_000

export function badges(recording: Recording) {
  const { status, visibility, saved, partial, expiresAt } = recording
  const left = expiresAt === null ? null : Date.parse(expiresAt) - Date.now()
  const all = [
    status === 'processing' && h('span', { class: 'badge busy' }, h('span', { class: 'dot' }), 'Being verified'),
    status === 'missing' && h('span', { class: 'badge bad' }, 'File is missing'),
    status === 'deleting' && h('span', { class: 'badge bad' }, 'Being deleted'),
    visibility === 'private' && h('span', { class: 'badge' }, icon('lock'), 'Private'),
    saved && h('span', { class: 'badge busy' }, icon('saved'), 'Saved'),
    partial && h('span', { class: 'badge', title: 'The recording broke off: this is what was kept' }, 'Incomplete'),
    left !== null && !saved && h('span', { class: left < SOON_MS ? 'badge bad' : 'badge' }, left > 0 ? `Expires ${when(expiresAt!)}` : 'Expired'),
  ].filter(Boolean) as HTMLElement[]
  return all.length > 0 && h('p', { class: 'badges' }, ...all)
}
