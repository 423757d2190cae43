// For tests of Live: a host with a camera and a microphone, and what of them is on the air.

export const devices = ['camera', 'microphone']
export const pictured = (page) => page.waitForFunction(() => document.querySelector('.stage video')?.videoWidth > 0)

/** Whom LiveKit has in its rooms from this page, and what each publishes. */
export const onAir = (page) => page.evaluate(() => window.rooms.filter(({ state }) => state === 'connected').map(({ localParticipant }) =>
  Object.fromEntries([...localParticipant.trackPublications.values()].map(({ kind, track, mutedAtFirst }) =>
    [kind, { is: track.mediaStreamTrack.readyState, muted: track.isMuted, mutedAtFirst }]))))
export const LIVE = { is: 'live', muted: false, mutedAtFirst: false }
export const MUTED = { is: 'live', muted: true, mutedAtFirst: true }

export async function goLive(page, title) {
  await pictured(page)
  await page.getByLabel('Title').fill(title)
  await page.getByLabel('Record Stream').uncheck()
  await page.getByRole('button', { name: 'Go Live Now' }).click()
  await page.getByText('Live for').waitFor()
}

/** A script's own `stop` is told to nobody; a cable that is pulled is. */
export const unplug = (page, kind) => page.evaluate((kind) => {
  const track = document.querySelector('.stage video').srcObject.getTracks().find((one) => one.kind === kind)
  track.stop()
  track.dispatchEvent(new Event('ended'))
}, kind)
