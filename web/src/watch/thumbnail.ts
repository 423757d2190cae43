// A recording without a picture gets one from its own video, when its owner looks at it.

import { call } from '../api'
import { h } from '../dom'
import { frame } from '../picture'
import type { Playback, Recording } from '../shapes'
import { attach, BROKEN } from './source'

/** The first seconds of a recording are soft, and often nobody is in the picture yet. */
const AT_SECONDS = 8

/**
 * Out of a player beside the one that is watched: a frame may be drawn only of a video that was asked for by CORS, and one
 * that is asked for so does not play where the bucket's CORS does not let it. Nothing here is worth a word when it fails.
 */
export async function drawThumbnail({ id }: Recording, { url, type }: Playback) {
  const video = h('video', { crossorigin: 'anonymous', preload: 'metadata', muted: true })
  let detach = () => {}
  try {
    await heard(video, 'loadedmetadata', async () => (detach = await attach(video, url, type, 0)))
    await heard(video, 'seeked', () => (video.currentTime = Math.min(AT_SECONDS, video.duration / 3)))
    const picture = await frame(video)
    if (picture) await call('PUT', `/api/recordings/${id}/thumbnail`, { body: picture })
  } finally {
    detach()
    video.removeAttribute('src')
    video.load()
  }
}

/** Resolves with the event that comes after something was done. */
function heard(video: HTMLVideoElement, event: string, done: () => unknown) {
  return new Promise<void>((resolve, reject) => {
    video.addEventListener(event, () => resolve(), { once: true })
    for (const trouble of ['error', BROKEN]) video.addEventListener(trouble, () => reject(new Error(`no ${event}`)), { once: true })
    done()
  })
}
