// Playlists in browsers that play none: hls.js, in a file of its own.

import Hls from 'hls.js/light'
import { BROKEN } from './source'

/** Plays a playlist from that second on; what comes back takes it away. */
export function attachHls(video: HTMLVideoElement, url: string, at: number): () => void {
  if (!Hls.isSupported()) {
    video.src = url
    return () => {}
  }
  // No worker: it would be made of a blob, which the page's policy refuses.
  const hls = new Hls({ enableWorker: false, startPosition: at || -1 })
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.fatal) video.dispatchEvent(new CustomEvent(BROKEN))
  })
  hls.loadSource(url)
  hls.attachMedia(video)
  return () => hls.destroy()
}
