// Runs in Chromium, see browser.mjs: people in rooms, by LiveKit's own client (`LivekitClient`).
/* global LivekitClient */

const { DisconnectReason, Room, RoomEvent } = LivekitClient
const present = new Map()

/** Small and slow: what is tested is that it flows, on whatever machine. */
const camera = { resolution: { width: 320, height: 180, frameRate: 10 } }
const once = { simulcast: false, videoCodec: 'vp8' }

async function join(who, url, token, { publish: alsoPublish = false } = {}) {
  const room = new Room()
  const person = { room, heard: [], videos: [], ended: null, reconnects: 0 }
  present.set(who, person)
  room.on(RoomEvent.Disconnected, (reason) => (person.ended = DisconnectReason[reason] ?? 'unknown'))
  room.on(RoomEvent.Reconnected, () => (person.reconnects += 1))
  room.on(RoomEvent.DataReceived, (bytes) => person.heard.push(new TextDecoder().decode(bytes)))
  room.on(RoomEvent.TrackSubscribed, (track) => {
    if (track.kind !== 'video') return
    const video = Object.assign(track.attach(), { muted: true })
    document.body.append(video)
    person.videos.push(video)
  })
  await room.connect(url, token, { maxRetries: 0 })
  if (alsoPublish) await publish(who)
  return { identity: room.localParticipant.identity, sid: room.localParticipant.sid, room: await room.getSid() }
}

async function publish(who) {
  const { localParticipant: me } = present.get(who).room
  await me.setCameraEnabled(true, camera, once)
  await me.setMicrophoneEnabled(true)
}

async function leave(who) {
  await present.get(who).room.disconnect()
}

async function say(who, text) {
  await present.get(who).room.localParticipant.publishData(new TextEncoder().encode(text), { reliable: true })
}

async function setAttributes(who, attributes) {
  await present.get(who).room.localParticipant.setAttributes(attributes)
}

async function seen(who) {
  const { room, heard, videos, ended, reconnects } = present.get(who)
  return {
    state: room.state,
    room: await Promise.race([room.getSid(), new Promise((resolve) => setTimeout(resolve, 100, null))]),
    people: [...room.remoteParticipants.values()].map(({ identity, attributes }) => ({ identity, attributes })),
    /** Frames that were decoded and shown. */
    pictures: videos.map((video) => video.getVideoPlaybackQuality().totalVideoFrames),
    ...{ heard, ended, reconnects },
  }
}

window.loaded = new Promise((resolve) => addEventListener('load', resolve))
if (document.readyState === 'complete') window.loaded = Promise.resolve()
