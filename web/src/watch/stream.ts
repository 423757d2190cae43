// A live stream on its page: picture and sound by LiveKit's client, in one fixed <video>, so that the picture goes on in
// its place when the host reconnects.

import type { RemoteTrack, Room } from 'livekit-client'
import { call, get, repeat } from '../api'
import { loadLiveKit, unreachable } from '../connect'
import { h, icon, put } from '../dom'
import { count, when } from '../format'
import { signInOffer } from '../page'
import { say } from '../say'
import { session } from '../session'
import type { Recording, Stream, Token } from '../shapes'
import { settings } from '../settings'
import { words } from '../trouble'
import { story } from './story'
import { viewersPlot } from './viewers'

const POLL_MS = 5_000
/** A connection takes a second; after so long something is said about it. */
const LONG_MS = 10_000

/** Draws it; the function that comes back leaves the room. `again` draws it from the beginning. */
export async function watchStream(into: HTMLElement, id: string, again: () => unknown): Promise<() => void> {
  let stream = await get<Stream>(`/api/streams/${encodeURIComponent(id)}`)
  document.title = `${stream.title} · livekit-storj`
  const video = h('video', { playsinline: true, autoplay: true, muted: true, 'aria-label': stream.title })
  video.muted = true
  const top = h('div', { class: 'top' })
  const controls = h('div', { class: 'controls' })
  const stage = h('div', { class: 'stage' }, video, top, controls)
  const headline = h('div', { class: 'headline' })
  const below = h('div', { class: 'stack' })
  const over = (...content: (Node | string)[]) => {
    stage.querySelector('.over')?.remove()
    if (content.length > 0) stage.insertBefore(h('div', { class: 'over' }, ...content), top)
  }
  const draw = () => {
    put(top, stream.status === 'live' && h('span', { class: 'badge red' }, h('span', { class: 'dot' }), 'Live'),
      stream.status === 'live' && h('span', { class: 'badge number' }, icon('eye'), count(stream.viewerCount, 'viewer')))
    put(headline, h('div', {}, h('h1', { dir: 'auto' }, stream.title),
      h('p', { class: 'facts' }, stream.startedAt && h('span', {}, `started ${when(stream.startedAt)}`), stream.peakViewers > 0 && h('span', {}, `at most ${count(stream.peakViewers, 'viewer')}`)),
      stream.description && h('p', { class: 'about', dir: 'auto' }, stream.description)))
  }
  draw()
  const own = stream.ownerId !== null && session()
  put(into, stage, headline, below, ...(own ? [story(`/api/streams/${stream.id}/why`)] : []))

  let room: Room | null = null
  let over_ = false
  const leave = () => {
    over_ = true
    stopPolling()
    void room?.disconnect()
  }
  async function ended() {
    // The room that is left now is no lost connection.
    over_ = true
    stopPolling()
    void room?.disconnect()
    over(h('h2', {}, 'The stream has ended'), h('p', { class: 'soft' }, 'A recording, if there is one, appears here.'))
    say('The stream has ended')
    put(controls)
    void showRecordings(below, id)
    const plot = stream.uniqueViewers > 0 && await viewersPlot(stream).catch(() => null)
    if (plot) below.append(h('section', { class: 'panel plot' }, h('h2', {}, `${count(stream.uniqueViewers, 'person', 'people')} watched`), plot))
  }
  const stopPolling = repeat(async () => {
    const before = stream.status
    stream = await get<Stream>(`/api/streams/${id}`)
    draw()
    if (stream.status === 'ended' && before !== 'ended') await ended()
    else if (stream.status === 'live' && before === 'created' && !room) await again()
  }, () => (over_ ? null : POLL_MS))

  if (stream.status === 'ended') {
    await ended()
    return leave
  }
  if (!session() && !settings.anonymousViewers) {
    over()
    put(into, signInOffer('Watching live needs an account here; recordings do not.'), headline)
    return leave
  }
  if (stream.status === 'created') {
    over(h('h2', {}, 'It has not begun yet'), h('p', { class: 'soft' }, 'This page starts by itself when it does.'))
    return leave
  }
  over(h('p', {}, 'Connecting…'))
  try {
    room = await join(stream)
  } catch (error) {
    over(h('p', {}, words(error)), h('button', { type: 'button', on: { click: () => void again() } }, 'Try again'))
  }
  return leave

  async function join({ roomName }: Stream) {
    const token = await call<Token>('POST', '/livekit-token', { body: { roomName, role: 'viewer' } })
    const { Room, RoomEvent, Track, DisconnectReason } = await loadLiveKit()
    const joined = new Room({ adaptiveStream: { pixelDensity: 'screen' } })
    let shown: RemoteTrack | null = null
    /** What stands in the picture's place until it comes: with sound and no picture published, none will. */
    const picture = () => {
      // Whoever leaves is told of each track that goes.
      if (over_) return
      const kinds = [...joined.remoteParticipants.values()].flatMap((one) => [...one.trackPublications.values()].map(({ kind }) => kind))
      if (shown) over()
      else over(h('p', {}, kinds.includes(Track.Kind.Audio) && !kinds.includes(Track.Kind.Video) ? 'Sound only' : 'Waiting for the picture…'))
    }
    const sound = h('div', { hidden: true })
    stage.append(sound)
    const attach = (track: RemoteTrack) => {
      if (track.kind === Track.Kind.Video) {
        track.attach(video)
        shown = track
      } else {
        const element = track.attach()
        // A new one is loud, whatever was chosen for the last.
        element.muted = video.dataset.muted === 'true'
        sound.append(element)
      }
      picture()
    }
    joined.on(RoomEvent.TrackSubscribed, attach)
    joined.on(RoomEvent.TrackUnsubscribed, (track) => {
      if (track.kind === Track.Kind.Video) {
        track.detach(video)
        // A host who came back may be there before the last one's track goes.
        if (shown === track) shown = null
        picture()
      } else for (const element of track.detach()) element.remove()
    })
    // Only now it is no longer among what is published.
    joined.on(RoomEvent.TrackUnpublished, picture)
    joined.on(RoomEvent.AudioPlaybackStatusChanged, () => drawControls(joined))
    joined.on(RoomEvent.Reconnecting, () => over(h('p', {}, 'Reconnecting…')))
    joined.on(RoomEvent.Reconnected, picture)
    joined.on(RoomEvent.Disconnected, async (reason) => {
      if (over_) return
      if (reason === DisconnectReason.ROOM_DELETED || reason === DisconnectReason.ROOM_CLOSED) {
        stream = await get<Stream>(`/api/streams/${id}`).catch(() => stream)
        draw()
        await ended()
        return
      }
      over(h('h2', {}, 'The connection is lost'), h('p', { class: 'soft' }, 'The stream may still be going on.'), h('button', { type: 'button', on: { click: () => void again() } }, 'Try again'))
    })
    const long = setTimeout(() => over(h('p', {}, 'Still connecting: the network is slow, or keeps WebRTC out.')), LONG_MS)
    try {
      await joined.connect(token.server_url, token.participant_token).catch(() => {
        throw unreachable()
      })
    } finally {
      clearTimeout(long)
    }
    picture()
    drawControls(joined)
    return joined
  }

  function drawControls(joined: Room) {
    const silent = !joined.canPlaybackAudio || video.dataset.muted === 'true'
    const mute = h('button', { type: 'button', on: { click: async () => {
      const turnOn = silent
      if (turnOn) await joined.startAudio()
      for (const element of stage.querySelectorAll('audio')) element.muted = !turnOn
      video.dataset.muted = String(!turnOn)
      drawControls(joined)
      controls.querySelector('button')?.focus()
    } } }, silent ? 'Unmute' : 'Mute')
    const whole = h('button', { type: 'button', on: { click: () => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.()) } }, 'Whole screen')
    put(controls, mute, whole)
  }
}

/** The recordings of a stream that is over: at once, or when they come. */
async function showRecordings(into: HTMLElement, streamId: string) {
  const place = h('section', {})
  into.prepend(place)
  const look = async () => {
    const { recordings } = await get<{ recordings: Recording[] }>(`/api/recordings?streamId=${streamId}&limit=50`)
    const ready = recordings.filter(({ status }) => status === 'ready').sort((a, b) => a.part - b.part)
    put(place, ready.length > 0 && h('div', { class: 'row' }, ...ready.map((one) => h('a', { class: 'button primary', href: `/watch/${one.id}` }, icon('play'), ready.length > 1 ? `Watch part ${one.part}` : 'Watch the recording'))))
    return ready.length > 0 && !recordings.some(({ status }) => status === 'processing')
  }
  if (await look().catch(() => false)) return
  // LiveKit takes one to three minutes for a file.
  const until = Date.now() + 5 * 60_000
  const end = repeat(async () => (await look() || !place.isConnected) && end(), () => (Date.now() < until ? 4_000 : null))
}
