// The story of one recording, by choice of the newest.

import { get } from '../api'
import { h, put } from '../dom'
import { when } from '../format'
import type { Recording } from '../shapes'
import { words } from '../trouble'
import { timeline, type Why } from '../watch/story'
import { panel } from './panel'

export const stories = () => panel('What happened to a recording', async () => {
  const { recordings } = await get<{ recordings: Recording[] }>('/api/recordings?limit=50')
  if (recordings.length === 0) return [h('p', { class: 'soft' }, 'There is no recording yet.')]
  const inside = h('div', {})
  const choice = h('select', { id: 'story', on: { change: () => void show() } },
    ...recordings.map(({ id, title, createdAt, status }) => h('option', { value: id, dir: 'auto' }, `${title}, ${when(createdAt)}${status === 'ready' ? '' : `, ${status}`}`)))
  async function show() {
    try {
      put(inside, timeline(await get<Why>(`/api/recordings/${choice.value}/why`)))
    } catch (error) {
      put(inside, h('p', { class: 'soft' }, words(error)))
    }
  }
  await show()
  return [h('div', { class: 'field' }, h('label', { for: 'story' }, 'Recording'), choice), inside]
})
