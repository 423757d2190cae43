// The host's side of a room: publishes the opened camera and microphone, and tells how the connection is.

import type { LocalTrack, Room } from 'livekit-client'
import { post } from '../api'
import { loadLiveKit, unreachable } from '../connect'
import type { Quality, Token } from '../shapes'

export type Connection = 'connected' | 'shaky' | 'reconnecting' | 'elsewhere' | 'ended' | 'lost'

/** Bits a second of the top layer, and pixels of the layers below, which viewers on slow lines get. */
const LAYERS: Record<Quality, { bitrate: number; below: [number, number, number][] }> = {
  '720p': { bitrate: 1_700_000, below: [[320, 180, 160_000], [640, 360, 450_000]] },
  '1080p': { bitrate: 3_000_000, below: [[640, 360, 450_000], [1280, 720, 1_700_000]] },
  '4k': { bitrate: 8_000_000, below: [[640, 360, 450_000], [1280, 720, 1_700_000]] },
}

export type Muted = Record<'audio' | 'video', boolean>

export interface Broadcast {
  replace: (stream: MediaStream) => Promise<void>
  mute: (kind: 'audio' | 'video', muted: boolean) => Promise<void>
  leave: () => Promise<void>
}

/**
 * Joins as host and publishes: what is muted stays so, from the first moment. `heard` is told whenever the connection
 * changes.
 */
export async function broadcast(roomName: string, quality: Quality, media: MediaStream, muted: Muted, heard: (now: Connection) => void): Promise<Broadcast> {
  const [token, client] = await Promise.all([post<Token>('/livekit-token', { roomName, role: 'host' }), loadLiveKit()])
  const { Room: NewRoom, RoomEvent, Track, DisconnectReason, VideoPreset, LocalAudioTrack, LocalVideoTrack } = client
  // Camera and microphone are the page's: they are shown here, and published again after a lost connection. And LiveKit
  // would leave as soon as the browser asks whether the page is to be left, whatever the answer.
  const room: Room = new NewRoom({ dynacast: true, disconnectOnPageLeave: false, stopLocalTrackOnUnpublish: false })
  let [joined, left] = [false, false]
  let broke = () => {}
  const dropped = new Promise<never>((_, reject) => (broke = () => reject(unreachable())))
  dropped.catch(() => {})
  // A page that comes back after all finds the connection lost, and comes back to the room.
  const goes = () => void room.disconnect(false)
  room.on(RoomEvent.SignalReconnecting, () => heard('shaky'))
  room.on(RoomEvent.Reconnecting, () => heard('reconnecting'))
  room.on(RoomEvent.Reconnected, () => heard('connected'))
  room.on(RoomEvent.Disconnected, (reason) => {
    removeEventListener('pagehide', goes)
    broke()
    // A connect that fails is told by what it throws, and a moment before by this event too.
    if (left || !joined) return
    left = true
    if (reason === DisconnectReason.DUPLICATE_IDENTITY) heard('elsewhere')
    else if (reason === DisconnectReason.ROOM_DELETED || reason === DisconnectReason.ROOM_CLOSED) heard('ended')
    else heard('lost')
  })
  await room.connect(token.server_url, token.participant_token).catch(() => {
    throw unreachable()
  })
  joined = true
  addEventListener('pagehide', goes)
  // The tracks and not their publications: when LiveKit's client reconnects in full, it takes those back, empties them and
  // publishes the same tracks under new ones.
  const sent: Partial<Record<'audio' | 'video', LocalTrack>> = {}
  const { bitrate, below } = LAYERS[quality]
  async function publish(track: MediaStreamTrack) {
    const kind = track.kind as 'audio' | 'video'
    const local = (kind === 'audio' ? new LocalAudioTrack(track, undefined, true) : new LocalVideoTrack(track, undefined, true)) as LocalTrack
    // Published first and muted then, some of it would be heard.
    if (muted[kind]) await local.mute()
    const publishing = room.localParticipant.publishTrack(local, kind === 'audio'
      ? { source: Track.Source.Microphone }
      : {
          source: Track.Source.Camera,
          simulcast: true,
          videoEncoding: { maxBitrate: bitrate, maxFramerate: 30 },
          videoSimulcastLayers: below.map(([width, height, bits]) => new VideoPreset(width, height, bits, 30)),
          degradationPreference: 'maintain-resolution',
        })
    // In a room that is gone it may wait for ever.
    await Promise.race([publishing, dropped])
    sent[kind] = local
  }
  try {
    for (const track of media.getTracks()) if (track.readyState === 'live') await publish(track)
  } catch (error) {
    left = true
    await room.disconnect(false)
    throw error
  }
  heard('connected')
  return {
    async replace(stream) {
      for (const track of stream.getTracks()) {
        const kind = track.kind as 'audio' | 'video'
        const before = sent[kind]
        if (!before) {
          await publish(track)
          continue
        }
        await before.replaceTrack(track, true)
        // LiveKit's client mutes what was unplugged, and not back again.
        if (!muted[kind]) await before.unmute()
      }
    },
    async mute(kind, muted) {
      const track = sent[kind]
      await (muted ? track?.mute() : track?.unmute())
    },
    async leave() {
      left = true
      await room.disconnect(false)
    },
  }
}
