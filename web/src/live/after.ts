// After the stream: the wait for the file, then the link to it.

import { get, repeat } from '../api'
import { h, icon, put } from '../dom'
import { length, size } from '../format'
import { say } from '../say'
import type { Recording, Stream } from '../shapes'
import { moves, recordingBadge, runs } from './badge'

const POLL_MS = 2_000
/** LiveKit takes one to three minutes; the bar gets there in three and waits at the end. */
const USUAL_MS = 180_000
/** Then it is said that it takes long, and looked at less often. */
const LONG_MS = 300_000

/** Draws it and follows the server's state until the recordings are there, or it is clear that there are none. */
export function after(first: Stream, again: () => void): HTMLElement {
  let stream = first
  const began = Date.now()
  const bar = h('progress', { max: 100, value: 0, 'aria-label': 'Waiting for the recording' })
  const heading = h('h2', { tabindex: -1 })
  const text = h('p', {})
  const links = h('div', { class: 'row centre' })
  const state = h('p', {})
  const anew = h('button', { type: 'button', on: { click: again } }, 'Go live again')
  const element = h('div', { class: 'empty after' }, heading, state, text, bar, links, anew)

  function draw(recordings: Recording[]): boolean {
    const { status, error } = stream.recording
    const ready = recordings.filter((one) => one.status === 'ready').sort((a, b) => a.part - b.part)
    const waits = runs(status) || recordings.some((one) => one.status === 'processing') || (status === 'complete' && recordings.length === 0)
    put(state, status !== 'none' && recordingBadge(status))
    put(links, ...ready.map((one) => h('a', { class: 'button primary', href: `/watch/${one.id}` }, icon('play'),
      `${ready.length > 1 ? `Watch part ${one.part}` : 'Watch the recording'} (${[one.durationMs !== null && length(one.durationMs), one.sizeBytes !== null && size(one.sizeBytes)].filter(Boolean).join(', ')})`)))
    bar.hidden = !waits
    bar.value = Math.min(95, ((Date.now() - began) / USUAL_MS) * 100)
    if (waits) {
      put(heading, moves(status) || status === 'recording' ? 'The recording is being finished' : 'The recording is being verified')
      put(text, Date.now() - began > LONG_MS ? 'It takes longer than usual. You can leave: it will be in Discover.' : 'LiveKit takes 1–3 minutes to upload it. You can leave: it will be in Discover.')
    } else if (ready.length > 0) {
      put(heading, 'The recording is ready')
      put(text, '')
    } else if (status === 'none') {
      put(heading, 'The stream has ended')
      put(text, 'It was not recorded.')
    } else {
      put(heading, 'There is no recording')
      put(text, error ?? 'The recorder left no file.')
    }
    return !waits
  }

  let said = ''
  async function look() {
    const [now, { recordings }] = await Promise.all([
      get<Stream>(`/api/streams/${stream.id}`),
      get<{ recordings: Recording[] }>(`/api/recordings?streamId=${stream.id}&limit=50`),
    ])
    stream = now
    if (draw(recordings)) end()
    if (heading.textContent !== said) say((said = heading.textContent ?? ''))
  }
  let end = () => {}
  draw([])
  void look().catch(() => {})
  end = repeat(look, () => (!element.isConnected && Date.now() - began > 10_000 ? null : Date.now() - began > LONG_MS ? 5 * POLL_MS : POLL_MS))
  queueMicrotask(() => heading.focus())
  return element
}
