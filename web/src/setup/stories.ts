// The story of one recording or stream, by choice of the newest. A recording that never began is found by its stream.

import { get } from '../api'
import { h, put } from '../dom'
import { when } from '../format'
import type { Recording, Stream } from '../shapes'
import { words } from '../trouble'
import { timeline, type Why } from '../watch/story'
import { panel } from './panel'

const MOST = 50

export const stories = () => panel('What happened', async () => {
  const [{ recordings }, { streams }] = await Promise.all([
    get<{ recordings: Recording[] }>(`/api/recordings?limit=${MOST}`),
    get<{ streams: Stream[] }>(`/api/streams?limit=${MOST}`),
  ])
  if (recordings.length + streams.length === 0) return [h('p', { class: 'soft' }, 'There is no recording and no stream yet.')]
  const inside = h('div', { class: 'stack' })
  const option = (kind: string, { id, title, createdAt }: Recording | Stream, state: string) =>
    h('option', { value: `/api/${kind}/${id}/why`, dir: 'auto' }, `${title}, ${when(createdAt)}${state ? `, ${state}` : ''}`)
  const group = (label: string, options: HTMLElement[]) => options.length > 0 && h('optgroup', { label }, ...options)
  const choice = h('select', { id: 'story', on: { change: () => void show() } },
    group('Recordings', recordings.map((one) => option('recordings', one, one.status === 'ready' ? '' : one.status))),
    group('Streams', streams.map((one) => option('streams', one, one.status === 'ended' ? '' : one.status))))
  async function show() {
    const asked = choice.value
    try {
      const why = await get<Why>(asked)
      if (choice.value === asked) put(inside, timeline(why))
    } catch (error) {
      if (choice.value === asked) put(inside, h('p', { class: 'wrong', role: 'alert' }, words(error)))
    }
  }
  await show()
  return [h('div', { class: 'field' }, h('label', { for: 'story' }, 'Recording or stream'), choice), inside]
}, { again: 'Look again' })
