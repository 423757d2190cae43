// What a <video> plays: a file, or the playlist of a recording made of segments.

import type { Playback } from '../shapes'

/** An event of the <video>: hls.js gave up. It has errors of its own. */
export const BROKEN = 'broken'

/**
 * Puts a source in, to be played from that second on; what comes back takes it out. A playlist by the browser where it plays
 * those for real, else by hls.js, which is loaded then alone.
 */
export async function attach(video: HTMLVideoElement, url: string, type: Playback['type'], at: number): Promise<() => void> {
  if (type !== 'application/vnd.apple.mpegurl' || playsHls(video)) {
    video.src = url
    return () => {}
  }
  const { attachHls } = await import('./hls')
  return attachHls(video, url, at)
}

/** Chromium says "maybe" and cannot (156): Safari alone has both that word and no other way of its own. */
const playsHls = (video: HTMLVideoElement) => video.canPlayType('application/vnd.apple.mpegurl') !== '' && 'webkitPresentationMode' in video
