// A recording on its page: the player, what it is, what can be done with it, who watched while it was live.

import { actions } from '../actions'
import { get, repeat } from '../api'
import { badges, facts } from '../discover/recording-card'
import { h, put, takePlace } from '../dom'
import { count } from '../format'
import { session } from '../session'
import type { Recording, Stream } from '../shapes'
import { keyboardHelp } from './keys'
import { player } from './player'
import { story } from './story'
import { viewersPlot } from './viewers'

const PROCESSING_POLL_MS = 3_000

/** Draws it; the function that comes back ends what goes on. */
export async function watchRecording(into: HTMLElement, id: string): Promise<() => void> {
  const recording = await get<Recording>(`/api/recordings/${encodeURIComponent(id)}`)
  document.title = `${recording.title} · livekit-storj`
  if (recording.status !== 'ready') return notReady(into, recording)
  const film = await player(recording)
  let words = h('div', { class: 'headline' })
  const draw = (now: Recording) => {
    document.title = `${now.title} · livekit-storj`
    const before = words
    words = h('div', { class: 'headline' },
      h('div', {}, h('h1', { dir: 'auto' }, now.title), facts(now), badges(now)),
      actions(now, {
        changed: draw,
        removed() {
          film.pause()
          film.video.inert = true
          const onward = h('a', { class: 'button', href: '/discover' }, 'See what there is')
          const over = h('div', { class: 'over' }, h('p', {}, 'This recording is deleted.'), onward)
          film.element.append(over)
          const acts = words.querySelector<HTMLElement>('.actions')!
          acts.hidden = true
          onward.focus()
          return () => {
            over.remove()
            film.video.inert = false
            acts.hidden = false
            acts.querySelector<HTMLElement>('.remove')?.focus()
          }
        },
      }))
    takePlace(before, words)
  }
  draw(recording)
  const more = h('div', { class: 'stack' })
  put(into, film.element, words, more, keyboardHelp())
  void below(more, recording)
  return film.end
}

/** What is under the player comes when it comes; nothing of it is worth an error. */
async function below(into: HTMLElement, recording: Recording) {
  if (recording.streamId) {
    const stream = await get<Stream>(`/api/streams/${recording.streamId}`).catch(() => null)
    if (stream?.description) into.append(h('p', { class: 'about', dir: 'auto' }, stream.description))
    if (stream && stream.uniqueViewers > 0) {
      const plot = await viewersPlot(stream).catch(() => null)
      into.append(h('section', { class: 'panel plot' }, h('h2', {}, `${count(stream.uniqueViewers, 'person', 'people')} watched it live`), plot))
    }
    const parts = await get<{ recordings: Recording[] }>(`/api/recordings?streamId=${recording.streamId}&limit=50`).catch(() => null)
    const others = (parts?.recordings ?? []).filter(({ id, status }) => id !== recording.id && status === 'ready').sort((a, b) => a.part - b.part)
    if (others.length > 0) {
      into.append(h('section', {}, h('h2', {}, 'Other parts of this stream'),
        h('ul', { class: 'stack' }, ...others.map((part) => h('li', {}, h('a', { href: `/watch/${part.id}`, dir: 'auto' }, `${part.title}, part ${part.part}`))))))
    }
  }
  if (recording.ownerId !== null && session()) into.append(story(`/api/recordings/${recording.id}/why`))
}

/** Being verified, missing, on its way out: said, and looked at again while something moves. */
function notReady(into: HTMLElement, recording: Recording) {
  const said = {
    processing: ['Being verified', 'LiveKit uploads a recording when the stream ends, which takes 1–3 minutes. This page shows it as soon as it is there.'],
    missing: ['The file is missing', 'The recording is known, but its file is not in the bucket.'],
    deleting: ['Being deleted', 'Its files are being removed.'],
    ready: ['Ready', ''],
  }[recording.status] as [string, string]
  const waits = recording.status === 'processing'
  put(into, h('div', { class: 'stage' }, h('div', { class: 'over' }, waits ? h('span', { class: 'badge busy' }, h('span', { class: 'dot' }), said[0]) : h('h2', {}, said[0]), h('p', { class: 'soft' }, said[1]))),
    h('div', { class: 'headline' }, h('div', {}, h('h1', { dir: 'auto' }, recording.title), facts(recording), badges(recording))),
    ...(recording.ownerId !== null && session() ? [story(`/api/recordings/${recording.id}/why`)] : []))
  if (!waits) return () => {}
  return repeat(async () => {
    const now = await get<Recording>(`/api/recordings/${recording.id}`)
    if (now.status !== 'processing') location.reload()
  }, () => PROCESSING_POLL_MS)
}
