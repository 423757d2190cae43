// In the place of LiveKit's client, in the browser: joins and leaves the stand-in's rooms (POST /dev/join and so on, through
// `window.standIn`), so that the Worker gets the real webhooks. It plays no pictures of others: a viewer sees a drawn one.
//
// What LiveKit's client (2.23.0) does to tracks, to the page's leaving and when it fails, it does too: that is where pages
// went wrong unseen.

export const setLogLevel = () => {}
export const RoomEvent = {
  TrackSubscribed: 'trackSubscribed', TrackUnsubscribed: 'trackUnsubscribed', TrackUnpublished: 'trackUnpublished',
  AudioPlaybackStatusChanged: 'audioPlaybackChanged',
  Reconnecting: 'reconnecting', Reconnected: 'reconnected', SignalReconnecting: 'signalReconnecting', Disconnected: 'disconnected',
}
export const Track = { Kind: { Video: 'video', Audio: 'audio' }, Source: { Camera: 'camera', Microphone: 'microphone' } }
export const DisconnectReason = { CLIENT_INITIATED: 1, DUPLICATE_IDENTITY: 2, ROOM_DELETED: 5, ROOM_CLOSED: 10 }
export class VideoPreset {}

/** One that the page brought itself: the client never opens a device anew for it, and mutes it when it ends. */
class LocalTrack {
  isMuted = false
  published = false

  constructor(track) {
    this.take(track)
  }

  get kind() {
    return this.mediaStreamTrack.kind
  }

  take(track) {
    this.mediaStreamTrack?.removeEventListener('ended', this.ended)
    track.addEventListener('ended', this.ended)
    this.mediaStreamTrack = track
    track.enabled = !this.isMuted
  }

  ended = () => void (this.published && this.mute())

  async mute() {
    this.isMuted = true
    this.mediaStreamTrack.enabled = false
  }

  async unmute() {
    this.isMuted = false
    this.mediaStreamTrack.enabled = true
  }

  async replaceTrack(next) {
    if (!this.published) throw new Error('unable to replace an unpublished track')
    this.take(next)
  }

  unpublish(stop) {
    this.published = false
    if (stop) this.mediaStreamTrack.stop()
  }
}

export class LocalAudioTrack extends LocalTrack {}
export class LocalVideoTrack extends LocalTrack {}

export class Room {
  heard = {}
  state = 'disconnected'
  canPlaybackAudio = true
  remoteParticipants = new Map()

  constructor(options = {}) {
    this.options = { stopLocalTrackOnUnpublish: true, disconnectOnPageLeave: true, ...options }
    window.rooms = [...(window.rooms ?? []), this]
    this.localParticipant = {
      trackPublications: new Map(),
      publishTrack: async (given) => {
        const track = given instanceof LocalTrack ? given : new LocalTrack(given)
        this.publishing ??= window.standIn('publish', { room: this.room, identity: this.identity })
        await this.publishing
        const publication = { track, kind: track.kind, mutedAtFirst: track.isMuted }
        track.published = true
        this.localParticipant.trackPublications.set(track.kind, publication)
        return publication
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
    this.state = 'connecting'
    await window.heldRooms
    if (window.refuseRooms) {
      this.drop()
      throw new Error('could not establish signal connection')
    }
    const { room, participant } = await window.standIn('join', { token })
    this.room = room.name
    this.identity = participant.identity
    this.state = 'connected'
    if (this.options.disconnectOnPageLeave) for (const event of ['pagehide', 'beforeunload']) addEventListener(event, this.left)
    // The server sends off who was here under the same name.
    for (const other of window.rooms) if (other !== this && other.state === 'connected' && other.room === this.room && other.identity === this.identity) other.drop(DisconnectReason.DUPLICATE_IDENTITY)
    if (participant.identity.includes('~')) {
      for (const kind of window.remoteKinds ?? ['video']) this.remote(kind, { soon: true })
    }
  }

  left = () => void this.disconnect()

  /** The connection is over, by whomever; tracks are stopped as the options say. */
  drop(reason, stop = this.options.stopLocalTrackOnUnpublish) {
    if (this.state === 'disconnected') return
    for (const { track } of this.localParticipant.trackPublications.values()) track.unpublish(stop)
    this.localParticipant.trackPublications.clear()
    for (const { trackPublications } of this.remoteParticipants.values()) for (const { track } of trackPublications.values()) this.emit(RoomEvent.TrackUnsubscribed, track)
    this.remoteParticipants.clear()
    for (const event of ['pagehide', 'beforeunload']) removeEventListener(event, this.left)
    this.state = 'disconnected'
    this.emit(RoomEvent.Disconnected, reason)
  }

  async disconnect(stop = true) {
    if (this.state === 'disconnected') return
    if (this.room) await window.standIn('leave', { room: this.room, identity: this.identity }).catch(() => {})
    this.drop(DisconnectReason.CLIENT_INITIATED, stop)
  }

  /** A full reconnect: the same tracks under new publications, and the old ones are empty. */
  async restart() {
    const { localParticipant } = this
    const before = [...localParticipant.trackPublications.values()]
    localParticipant.trackPublications.clear()
    this.emit(RoomEvent.Reconnecting)
    for (const publication of before) {
      const { track } = publication
      track.unpublish(false)
      publication.track = undefined
      await localParticipant.publishTrack(track)
    }
    this.emit(RoomEvent.Reconnected)
  }

  /** The host publishes. What is published is known when one has joined; the track itself comes after. */
  remote(kind, { soon = false } = {}) {
    const track = kind === 'video' ? drawn() : sounding()
    const host = this.remoteParticipants.get('host') ?? { trackPublications: new Map() }
    this.remoteParticipants.set('host', host)
    host.trackPublications.set(kind, { kind, track })
    if (soon) setTimeout(() => this.emit(RoomEvent.TrackSubscribed, track))
    else this.emit(RoomEvent.TrackSubscribed, track)
  }

  /** The host takes it back: told once before it is forgotten, and once after. */
  remoteGone(kind) {
    const { trackPublications } = this.remoteParticipants.get('host')
    this.emit(RoomEvent.TrackUnsubscribed, trackPublications.get(kind).track)
    trackPublications.delete(kind)
    this.emit(RoomEvent.TrackUnpublished, {})
  }

  async startAudio() {}
}

/** A track of somebody else's: a moving canvas. */
function drawn() {
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

/** Heard by nobody. An element that a track is attached to is never muted at first. */
function sounding() {
  const elements = []
  return {
    kind: 'audio',
    attach() {
      const element = document.createElement('audio')
      element.muted = false
      elements.push(element)
      return element
    },
    detach: () => elements.splice(0),
  }
}
