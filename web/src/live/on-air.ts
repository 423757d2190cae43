// While live: the picture, who watches, how the recording is, how long and how much; and the way out.

import { call, get, post, repeat, serverNow } from '../api'
import { busy } from '../busy'
import { ask } from '../dialog'
import { h, icon, put } from '../dom'
import { count, length, money, size } from '../format'
import { frame } from '../picture'
import { say, toast } from '../say'
import type { Quality, Stream } from '../shapes'
import { words } from '../trouble'
import { inWords, moves, recordingBadge, runs } from './badge'
import { broadcast, type Broadcast, type Connection, type Muted } from './broadcast'
import { isAllowed } from './devices'
import type { Preview } from './preview'

const POLL_MS = 5_000
const MOVING_POLL_MS = 2_000
/** Tries to come back after LiveKit's client gave up (48 s): soon, then slower. */
const BACK_MS = [1_000, 3_000, 8_000, 15_000, 30_000]
/** A picture for the cards, when the camera has settled. */
const THUMBNAIL_AFTER_MS = 4_000

export interface OnAir {
  element: HTMLElement
  /** Another stream of the camera's. */
  replace: (media: MediaStream) => void
  /** The view is left; the broadcast too. */
  close: () => void
}

/** Goes on the air with a stream. `over` is called once when it has ended, `elsewhere` when another tab took it. */
export async function onAir(first: Stream, quality: Quality, preview: Preview, over: (stream: Stream) => void, elsewhere: (stream: Stream) => void): Promise<OnAir> {
  let stream = first
  let [closed, coming, tries] = [false, false, 0]
  let connection: Connection = 'connected'
  let link: Broadcast | null = null
  let drawn = ''
  const muted: Muted = { audio: false, video: false }
  const undo: (() => void)[] = []
  const top = h('div', { class: 'top' })
  const notice = h('p', { class: 'notice', role: 'alert' })
  const numbers = h('dl', { class: 'numbers' })
  const buttons = h('div', { class: 'row controls-row' })

  const heard = (now: Connection) => {
    connection = now
    draw()
    if (now === 'connected') tries = 0
    else if (now === 'elsewhere') close(), elsewhere(stream)
    else if (now === 'ended') void look()
    else if (now === 'lost') void comeBack()
  }
  async function join() {
    const media = preview.stream()!
    const joined = await broadcast(stream.roomName, quality, media, muted, heard)
    // What happened meanwhile: the stream was ended here, the connection lost again, a button pressed.
    if (closed) return joined.leave()
    if (connection === 'lost') return
    link = joined
    if (preview.stream() !== media) await joined.replace(preview.stream()!)
    for (const kind of ['audio', 'video'] as const) await joined.mute(kind, muted[kind])
  }
  async function comeBack() {
    link = null
    // One at a time: of two, the second to come in would send the first one off.
    if (coming) return
    coming = true
    while (!closed && !link) {
      await new Promise((resolve) => setTimeout(resolve, BACK_MS[Math.min(tries++, BACK_MS.length - 1)]))
      if (closed) return
      try {
        stream = await get<Stream>(`/api/streams/${stream.id}`)
        if (stream.status === 'ended') return finish()
        // Without a camera the microphone goes on alone, and waits for nothing. What the browser would ask about is left to
        // the stage's button; what it would not, comes to the broadcast when it is open.
        if (preview.stream()?.getTracks().some(({ readyState }) => readyState === 'live')) void isAllowed().then((allowed) => allowed && !closed && preview.start())
        else if (!(await preview.start())) throw new Error('nothing to send')
        if (!closed) await join()
      } catch {
        // Of a try that failed half way, the last word may have been another.
        connection = 'lost'
        if (!closed) draw()
      }
    }
    coming = false
  }

  async function look() {
    const before = stream.recording.status
    stream = await get<Stream>(`/api/streams/${stream.id}`)
    if (closed) return
    if (stream.recording.status !== before) say(inWords(stream.recording.status))
    if (stream.status === 'ended') return finish()
    draw()
  }

  function finish() {
    if (closed) return
    close()
    over(stream)
  }

  function close() {
    closed = true
    for (const step of undo) step()
    void link?.leave()
    top.remove()
  }

  function draw() {
    const { recording, viewerCount, status } = stream
    put(top, h('span', { class: status === 'live' ? 'badge red' : 'badge' }, h('span', { class: 'dot' }), status === 'live' ? 'Live' : 'Going live'),
      h('span', { class: 'badge number' }, icon('eye'), count(viewerCount, 'viewer')), recordingBadge(recording.status))
    const trouble = { connected: '', shaky: 'The network is shaky.', reconnecting: 'Reconnecting…', lost: 'Connection lost. Coming back…', elsewhere: '', ended: '' }[connection]
    const failed = recording.error && !runs(recording.status) ? recording.error : recording.status === 'starting' || recording.status === 'requested' ? recording.error : null
    const text = trouble || failed || ''
    if (notice.textContent !== text) put(notice, text)
    tick()
    drawButtons()
  }

  /** Times are counted from the server's beginnings, so that a reload does not start them anew. */
  function tick() {
    const since = (iso: string | null) => (iso ? Math.max(0, serverNow() - Date.parse(iso)) : 0)
    const { recording } = stream
    const pair = (name: string, value: string) => h('div', {}, h('dt', {}, name), h('dd', { class: 'number' }, value))
    const on = recording.status === 'recording' && recording.startedAt
    put(numbers, pair('Live for', length(since(stream.startedAt))),
      ...(recording.startedAt ? [pair('Recorded', length(on ? since(recording.startedAt) : recording.seconds * 1000)),
        pair('Size, about', size(recording.estimatedBytes)), pair('Cost so far', money(recording.estimatedMicroDollars))] : []))
  }

  function drawButtons() {
    const { status } = stream.recording
    const media = preview.stream()
    const key = `${runs(status)} ${status === 'stopping'} ${muted.audio} ${muted.video} ${media?.getTracks().length}`
    // The same buttons stay where the focus is.
    if (key === drawn) return
    drawn = key
    const focused = buttons.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.name : null
    const button = (name: string, text: string, work: () => Promise<unknown>, kind = '') => {
      const made = h('button', { type: 'button', class: kind, data: { name }, on: {
        click: () => void busy(made, work).catch((error) => toast(words(error))),
      } }, text)
      return made
    }
    const mute = (kind: 'audio' | 'video') => async () => {
      await link?.mute(kind, !muted[kind])
      muted[kind] = !muted[kind]
      drawButtons()
    }
    put(buttons,
      media?.getAudioTracks().length && button('audio', muted.audio ? 'Unmute' : 'Mute', mute('audio')),
      media?.getVideoTracks().length && button('video', muted.video ? 'Camera on' : 'Camera off', mute('video')),
      status === 'stopping' ? null : runs(status)
        ? button('record', 'Stop recording', async () => (await post('/livekit-egress/stop', { roomName: stream.roomName }), await look()))
        : button('record', 'Record', async () => (await post('/livekit-egress', { roomName: stream.roomName }), await look())),
      button('share', 'Copy the link', async () => {
        await navigator.clipboard.writeText(new URL(`/watch/live/${stream.id}`, location.origin).href)
        void toast('The link is copied.')
      }),
      button('end', 'End Stream', async () => {
        const choice = await ask('End the stream?', ['Everybody who watches is sent off. It cannot be taken up again.'], [
          { value: 'cancel', text: 'Go on' }, { value: 'end', text: 'End Stream', danger: true, main: true }])
        if (choice !== 'end') return
        stream = await post<Stream>(`/api/streams/${stream.id}/end`)
        finish()
      }, 'danger'))
    if (focused) buttons.querySelector<HTMLElement>(`[data-name="${focused}"]`)?.focus()
  }

  try {
    await join()
  } catch (error) {
    close()
    throw error
  }
  // Not before: until then the picture and its selects stand in the form, where they stay when it fails.
  preview.stage.append(top)
  const element = h('div', { class: 'on-air' }, preview.stage,
    h('div', { class: 'panel stack' }, h('h2', { dir: 'auto', tabindex: -1 }, stream.title), numbers, notice, buttons, preview.devices))
  // Leaving ends the broadcast, so the browser asks.
  const hold = (event: BeforeUnloadEvent) => event.preventDefault()
  addEventListener('beforeunload', hold)
  const awake = navigator.wakeLock?.request('screen').catch(() => null)
  const clock = setInterval(tick, 1_000)
  const picture = setTimeout(() => void sendThumbnail(preview, stream.id), THUMBNAIL_AFTER_MS)
  undo.push(
    repeat(look, () => (closed ? null : moves(stream.recording.status) || stream.status === 'created' ? MOVING_POLL_MS : POLL_MS)),
    () => clearInterval(clock),
    () => clearTimeout(picture),
    () => removeEventListener('beforeunload', hold),
    () => void awake?.then((lock) => lock?.release()),
  )
  draw()
  say('You are live')
  const replace = (media: MediaStream) => {
    drawButtons()
    // One that is lost meanwhile sends what there is when it comes back.
    link?.replace(media).catch((error) => void (link && toast(words(error))))
  }
  return { element, replace, close }
}

async function sendThumbnail(preview: Preview, id: string) {
  const video = preview.stage.querySelector('video')
  const picture = video && (await frame(video))
  // A card without a picture gets a drawn one.
  if (picture) await call('PUT', `/api/streams/${id}/thumbnail`, { body: picture }).catch(() => {})
}
