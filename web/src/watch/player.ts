// The player of a recording: a <video> with the browser's own controls, whose signed URL is renewed before it expires
// without losing the place.
//
// A URL that expires while it plays is noticed at the next seek only, with an error (code 2); so a fresh one is taken at a
// pause, and at the latest shortly before the end. No `crossorigin`: the storage's CORS is not needed.

import { Failure, get } from '../api'
import { h } from '../dom'
import type { Playback, Recording } from '../shapes'
import { words } from '../trouble'
import { keys } from './keys'
import { attach, BROKEN } from './source'
import { drawThumbnail } from './thumbnail'

/** So long before its end a URL is renewed at the next pause; and at once, whatever happens. */
const RENEW_MS = 60_000
const AT_LAST_MS = 10_000
/** An error within so much of a renewal is not the URL's fault. */
const GIVE_UP_MS = 5_000

export interface Player {
  element: HTMLElement
  video: HTMLVideoElement
  pause: () => void
  end: () => void
}

export async function player(recording: Recording): Promise<Player> {
  const ask = () => get<Playback>(`/api/recordings/${recording.id}/playback`)
  let playback = await ask()
  let [renewedAt, swapping] = [0, false]
  let timer: ReturnType<typeof setTimeout> | undefined
  let detach = () => {}
  const video = h('video', { controls: true, playsinline: true, preload: 'metadata', poster: playback.thumbnailUrl, 'aria-label': recording.title })
  const stage = h('div', { class: 'stage', tabindex: -1 }, video)

  /** Puts a source in, where the last one was. */
  async function load({ url, type }: Playback) {
    const { currentTime: at, paused, playbackRate: rate } = video
    swapping = true
    detach()
    detach = await attach(video, url, type, at)
    if (at > 0) video.currentTime = at
    // A new source falls back to the default rate.
    video.defaultPlaybackRate = video.playbackRate = rate
    if (!paused) await video.play().catch(() => {})
    swapping = false
  }

  async function renew() {
    if (swapping || Date.now() - renewedAt < GIVE_UP_MS) return
    renewedAt = Date.now()
    // When a session ended, the call that found it out forgot it, and what everybody may watch is there for nobody too.
    playback = await ask().catch((error) => {
      if (error instanceof Failure && error.status === 401) return ask()
      throw error
    })
    plan()
    await load(playback)
  }

  /** Timers sleep in hidden pages, so the clock is looked at again when the page is shown. */
  function plan() {
    clearTimeout(timer)
    const left = Date.parse(playback.expiresAt) - Date.now()
    const quiet = video.paused || document.hidden
    const wait = left - (quiet ? RENEW_MS : AT_LAST_MS)
    timer = setTimeout(() => void renew().catch(fail), Math.min(Math.max(wait, 0), 2 ** 31 - 1))
  }

  function fail(error: unknown) {
    stage.querySelector('.over')?.remove()
    const again = h('button', { type: 'button', on: { click: () => (over.remove(), (renewedAt = 0), void renew().catch(fail)) } }, 'Try again')
    const over = h('div', { class: 'over', role: 'alert' }, h('p', {}, words(error)), again)
    stage.append(over)
  }

  video.addEventListener('pause', () => swapping || plan())
  function broken() {
    // An expired URL looks like any other trouble: once, a fresh one is tried.
    if (Date.now() - renewedAt > GIVE_UP_MS) void renew().catch(fail)
    else fail(new Failure(0, 'unplayable', 'The recording cannot be played', 'the file or the connection to the storage is broken'))
  }
  video.addEventListener('error', () => !swapping && video.error && broken())
  video.addEventListener(BROKEN, () => swapping || broken())
  document.addEventListener('visibilitychange', plan)
  keys(stage, video)
  // What is watched comes first.
  if (recording.ownerId !== null && !recording.thumbnailUrl) {
    video.addEventListener('loadeddata', () => void drawThumbnail(recording, playback).catch(() => {}), { once: true })
  }
  await load(playback)
  plan()
  return {
    element: stage,
    video,
    pause: () => video.pause(),
    end() {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', plan)
      detach()
      video.removeAttribute('src')
      video.load()
    },
  }
}
