// In the place of LiveKit's client, in the browser: joins and leaves the stand-in's rooms (POST /dev/join and so on, through
// `window.standIn`), so that the Worker gets the real webhooks. It plays no pictures of others: a viewer sees a drawn one.

export const setLogLevel = () => {}
export const RoomEvent = {
  TrackSubscribed: 'trackSubscribed', TrackUnsubscribed: 'trackUnsubscribed', AudioPlaybackStatusChanged: 'audioPlaybackChanged',
  Reconnecting: 'reconnecting', Reconnected: 'reconnected', SignalReconnecting: 'signalReconnecting', Disconnected: 'disconnected',
}
export const Track = { Kind: { Video: 'video', Audio: 'audio' }, Source: { Camera: 'camera', Microphone: 'microphone' } }
export const DisconnectReason = { DUPLICATE_IDENTITY: 2, ROOM_DELETED: 5, ROOM_CLOSED: 10 }
export class VideoPreset {}

export class Room {
  heard = {}
  canPlaybackAudio = true
  remoteParticipants = new Map()

  constructor() {
    window.rooms = [...(window.rooms ?? []), this]
    this.localParticipant = {
      publishTrack: async (track) => {
        this.publishing ??= window.standIn('publish', { room: this.room, identity: this.identity })
        await this.publishing
        return { track: { mute: async () => {}, unmute: async () => {}, replaceTrack: async (next) => (this.replaced = next), kind: track.kind } }
      },
    }
  }

  on(event, handler) {
    ;(this.heard[event] ??= []).push(handler)
    return this
  }

  emit(event, ...values) {
    for (const handler of this.heard[event] ?? []) handler(...values)
  }

  async connect(url, token) {
    if (window.refuseRooms) throw new Error('could not establish signal connection')
    const { room, participant } = await window.standIn('join', { token })
    this.room = room.name
    this.identity = participant.identity
    if (participant.identity.includes('~')) this.emit(RoomEvent.TrackSubscribed, this.drawn())
  }

  /** A track of somebody else's: a moving canvas. */
  drawn() {
    const canvas = document.createElement('canvas')
    canvas.width = 640
    canvas.height = 360
    const context = canvas.getContext('2d')
    setInterval(() => {
      context.fillStyle = `hsl(${(Date.now() / 20) % 360} 60% 40%)`
      context.fillRect(0, 0, 640, 360)
    }, 50)
    const stream = canvas.captureStream(20)
    return { kind: 'video', attach: (element) => (element.srcObject = stream), detach: () => [] }
  }

  async startAudio() {}

  async disconnect() {
    if (this.room) await window.standIn('leave', { room: this.room, identity: this.identity }).catch(() => {})
  }
}
