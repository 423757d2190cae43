// Camera and microphone: opened once, shown before going live and published as they are.

import type { Quality } from '../shapes'

/** What is asked of a camera: a recording of 1080p made of a 720p picture is only an enlargement. */
const SIZES: Record<Quality, [number, number]> = { '720p': [1280, 720], '1080p': [1920, 1080], '4k': [3840, 2160] }

export interface Wanted {
  quality: Quality
  /** Remembered choices; one that is gone is replaced by the usual device. */
  camera?: string | undefined
  microphone?: string | undefined
  /** Sound alone, where there is no camera. */
  soundOnly?: boolean | undefined
}

const REMEMBERED = 'devices'

export const remembered = (): { camera?: string; microphone?: string } => JSON.parse(localStorage.getItem(REMEMBERED) ?? '{}')
export const remember = (choice: { camera?: string | undefined; microphone?: string | undefined }) => localStorage.setItem(REMEMBERED, JSON.stringify(choice))

/** Opens them; what it throws is for `deviceTrouble`. */
export async function open({ quality, camera, microphone, soundOnly }: Wanted): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new DOMException('', 'InsecureError')
  const [width, height] = SIZES[quality]
  const video = { ...(camera && { deviceId: { ideal: camera } }), width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } }
  return navigator.mediaDevices.getUserMedia({
    audio: { ...(microphone && { deviceId: { ideal: microphone } }), echoCancellation: true, noiseSuppression: true },
    ...(!soundOnly && { video }),
  })
}

/** Whether asking again would open them without a question. */
export async function isAllowed() {
  const ask = (name: string) => navigator.permissions?.query({ name: name as PermissionName }).then(({ state }) => state === 'granted', () => false)
  return (await ask('camera')) === true && (await ask('microphone')) === true
}

export async function choices(kind: 'videoinput' | 'audioinput') {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? []
  return all.filter((device) => device.kind === kind && device.deviceId)
}

/** `1920×1080`, of what the camera really gives. */
export function given(stream: MediaStream) {
  const { width, height } = stream.getVideoTracks()[0]?.getSettings() ?? {}
  return width && height ? { width, height } : null
}

export const enough = (quality: Quality, { width, height }: { width: number; height: number }) => {
  const [w, h] = SIZES[quality]
  return Math.max(width, height) >= w && Math.min(width, height) >= h
}

export interface DeviceTrouble {
  what: string
  remedy: string
  /** There is no camera, and a microphone might do. */
  soundMayDo: boolean
}

/** A failure of the browser's in words, with what to do. */
export function deviceTrouble(error: unknown): DeviceTrouble {
  const name = error instanceof DOMException ? error.name : ''
  const told: Record<string, [string, string, boolean?]> = {
    NotAllowedError: ['The browser does not let this page use camera and microphone.', 'Open the site’s settings beside the address, allow both, and try again. On a phone or Mac, the system’s privacy settings have a say too.'],
    NotFoundError: ['No camera or microphone was found.', 'Plug one in and try again, or go live with sound alone.', true],
    NotReadableError: ['The camera or microphone is in use, or the system keeps it back.', 'Close other programs that use it (meetings, recorders), then try again.', true],
    OverconstrainedError: ['The camera cannot give what was asked.', 'Choose another camera or a lower quality.', true],
    InsecureError: ['This browser gives no page a camera here.', 'The address has to begin with https://, and the browser has to be a current one.'],
  }
  const [what, remedy, soundMayDo = false] = told[name] ?? ['Camera and microphone could not be opened.', 'Try again; if that does not help, restart the browser.', true]
  return { what, remedy, soundMayDo }
}
