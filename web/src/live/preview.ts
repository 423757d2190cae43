// The picture before and while live, with the choice of devices.

import { h, put } from '../dom'
import { say } from '../say'
import type { Quality } from '../shapes'
import { choices, deviceTrouble, enough, given, isAllowed, open, remember, remembered } from './devices'
import { meter } from './meter'

export interface Preview {
  /** The picture, with a word over it when there is none. */
  stage: HTMLElement
  /** Two selects and the meter. */
  devices: HTMLElement
  stream: () => MediaStream | null
  /** Opens camera and microphone where they are not open both, with a question of the browser's if need be. False: it did not work, and the stage says why. */
  start: () => Promise<boolean>
  /** Another quality needs another picture. */
  setQuality: (quality: Quality) => void
  close: () => void
}

/** `changed` is told of each stream: the first one, and each that takes the place of another. */
export function preview(quality: Quality, changed: (stream: MediaStream) => void): Preview {
  let stream: MediaStream | null = null
  let starting: Promise<boolean> | null = null
  let closed = false
  let wanted = { quality, ...remembered(), soundOnly: false }
  const video = h('video', { playsinline: true, autoplay: true, muted: true, 'aria-label': 'Your camera' })
  video.muted = true
  const stage = h('div', { class: 'stage mirrored' }, video)
  const level = meter()
  const camera = h('select', { id: 'camera', on: { change: () => choose({ camera: camera.value }) } })
  const microphone = h('select', { id: 'microphone', on: { change: () => choose({ microphone: microphone.value }) } })
  const size = h('p', { class: 'hint', 'aria-live': 'off' })
  const devices = h('div', { class: 'stack devices' },
    h('div', { class: 'field' }, h('label', { for: 'camera' }, 'Camera'), camera, size),
    h('div', { class: 'field' }, h('label', { for: 'microphone' }, 'Microphone'), microphone, level.element))
  devices.hidden = true

  const over = (...content: (Node | null | undefined | false)[]) => {
    stage.querySelector('.over')?.remove()
    // Under the badges, when live.
    if (content.length > 0) video.after(h('div', { class: 'over' }, ...content))
  }
  const button = (text: string, work: () => unknown) => h('button', { type: 'button', on: { click: () => void work() } }, text)
  /** Before the first time both are off; later one may be without the other. */
  const offer = () => {
    const off = (['video', 'audio'] as const).filter((kind) => stream?.getTracks().some((track) => track.kind === kind && track.readyState === 'live') !== true)
      .filter((kind) => kind === 'audio' || !wanted.soundOnly).map((kind) => (kind === 'video' ? 'camera' : 'microphone')).join(' and ')
    over(h('p', {}, `Your ${off} ${off.includes(' ') ? 'are' : 'is'} off.`), button(`Turn on ${off}`, start))
  }

  /** Asked for twice at once, they are opened once: of two streams, the later one stops the one that is sent already. */
  const start = () => (starting ??= begin().finally(() => (starting = null)))

  async function begin(): Promise<boolean> {
    if (closed) return false
    if (stream?.getTracks().every((track) => track.readyState === 'live')) return true
    over(h('p', {}, 'The browser asks whether this page may use them…'))
    try {
      use(await open(wanted))
      return !closed
    } catch (error) {
      const { what, remedy, soundMayDo } = deviceTrouble(error)
      over(h('p', { role: 'alert' }, h('strong', {}, what), ` ${remedy}`), h('div', { class: 'row' }, button('Try again', start),
        soundMayDo && !wanted.soundOnly && button('Sound only', () => ((wanted.soundOnly = true), start()))))
      return false
    }
  }

  function use(next: MediaStream) {
    // The view was left while the browser asked.
    if (closed) return stop(next)
    const before = stream
    stream = next
    video.srcObject = next
    level.follow(next)
    over()
    if (wanted.soundOnly) over(h('p', {}, 'Sound only'))
    // Unplugged, or taken away by the system.
    for (const track of next.getTracks()) track.addEventListener('ended', () => stream === next && offer())
    changed(next)
    stop(before)
    void fill()
  }

  function stop(those: MediaStream | null) {
    for (const track of those?.getTracks() ?? []) track.stop()
  }

  async function fill() {
    for (const [select, kind, track] of [[camera, 'videoinput', stream?.getVideoTracks()[0]], [microphone, 'audioinput', stream?.getAudioTracks()[0]]] as const) {
      const now = track?.getSettings().deviceId
      const all = await choices(kind)
      put(select, ...all.map(({ deviceId, label }, i) => h('option', { value: deviceId, selected: deviceId === now }, label || `${kind === 'videoinput' ? 'Camera' : 'Microphone'} ${i + 1}`)))
    }
    camera.disabled = wanted.soundOnly
    const picture = stream && given(stream)
    put(size, picture && (enough(wanted.quality, picture) ? `The camera gives ${picture.width}×${picture.height}.`
      : `The camera gives ${picture.width}×${picture.height}: a ${wanted.quality} recording would be an enlargement of it.`))
    devices.hidden = stream === null
  }

  async function choose(change: { camera?: string; microphone?: string }) {
    wanted = { ...wanted, ...change }
    remember({ camera: wanted.camera, microphone: wanted.microphone })
    try {
      use(await open(wanted))
    } catch (error) {
      const { what, remedy } = deviceTrouble(error)
      say(`${what} ${remedy}`)
      void fill()
    }
  }

  const plugged = () => stream && void fill()
  navigator.mediaDevices?.addEventListener('devicechange', plugged)
  offer()
  void isAllowed().then((allowed) => allowed && !stream && start())

  return {
    stage,
    devices,
    stream: () => stream,
    start,
    setQuality(next) {
      wanted.quality = next
      if (stream) void choose({})
    },
    close() {
      closed = true
      navigator.mediaDevices?.removeEventListener('devicechange', plugged)
      level.follow(null)
      stop(stream)
      stream = null
    },
  }
}
