// A frame of a video as a picture for the cards.

import { h } from './dom'

/** A card shows no more. */
const WIDTH = 640
/** What the server takes. */
const MOST_BYTES = 256 * 1024
/** A camera's picture takes some 40 kB in the first; the second is for one full of leaves. */
const QUALITIES = [0.75, 0.4]

/** A JPEG, or null where there is no picture. Throws of a video that is somebody else's, by the browser's rule. */
export async function frame(video: HTMLVideoElement): Promise<Blob | null> {
  if (!video.videoWidth) return null
  const canvas = h('canvas', { width: WIDTH, height: Math.round((WIDTH * video.videoHeight) / video.videoWidth) })
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height)
  for (const quality of QUALITIES) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
    if (blob && blob.size <= MOST_BYTES) return blob
  }
  return null
}
