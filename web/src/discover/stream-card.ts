// A stream that is live.

import { foreign, h, icon } from '../dom'
import { count, when } from '../format'
import type { Stream } from '../shapes'
import { thumb } from './thumb'

export function streamCard(stream: Stream) {
  const live = h('span', { class: 'badge red corner start' }, h('span', { class: 'dot' }), 'Live')
  const title = h('a', { href: `/watch/live/${stream.id}`, dir: 'auto' }, stream.title)
  return h('li', { class: 'card', data: { id: stream.id } },
    thumb(stream.id, stream.thumbnailUrl, live, h('span', { class: 'corner' }, count(stream.viewerCount, 'viewer'))),
    h('div', { class: 'words' },
      h('h2', {}, title),
      h('p', { class: 'facts' }, stream.startedAt && h('span', {}, `since ${when(stream.startedAt).replace('today, ', '')}`), h('span', {}, foreign(stream.roomName))),
      stream.visibility === 'private' && h('p', { class: 'badges' }, h('span', { class: 'badge' }, icon('lock'), 'Private'))))
}
