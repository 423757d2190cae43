// Live: decide, go live, come back after a reload, end, wait for the file.

import { Failure, get, post } from '../api'
import { byId, h, icon, put } from '../dom'
import { signInOffer, start } from '../page'
import { onSession, session } from '../session'
import type { Quality, Stream } from '../shapes'
import { trouble } from '../trouble'
import { loadLiveKit } from '../connect'
import { after } from './after'
import { firstQuality, form, type Choices } from './form'
import { onAir, type OnAir } from './on-air'
import { preview, type Preview } from './preview'

/** Which stream this tab is live with: a reload goes on with it. */
const CURRENT = 'live.current'

const into = byId('live')
let camera: Preview | null = null
let air: OnAir | null = null
/** Gives up this browser's lock on the stream. */
let letGo = () => {}
const lockName = (id: string) => `live:${id}`

async function show() {
  into.setAttribute('aria-busy', 'true')
  camera?.close()
  camera = null
  try {
    if (!session()) put(into, signInOffer('Whoever goes live needs an account here.'))
    else await showOwn()
  } catch (error) {
    put(into, trouble(error, show))
  }
  into.setAttribute('aria-busy', 'false')
}

async function showOwn() {
  const mine = remembered()
  const stream = mine && await get<Stream>(`/api/streams/${mine.id}`).catch(gone)
  if (stream && stream.status !== 'ended') return goOn(stream, mine.quality)
  sessionStorage.removeItem(CURRENT)
  if (stream) return put(into, after(stream, anew))
  const { streams } = await get<{ streams: Stream[] }>('/api/streams?mine=true&status=live&limit=1')
  const running = streams[0]
  if (running) return offerRunning(running)
  drawForm()
}

/** A stream that was deleted meanwhile. Any other failure is told, and the stream not forgotten for it. */
function gone(error: unknown) {
  if (error instanceof Failure && error.status === 404) return null
  throw error
}

const remembered = (): { id: string; quality: Quality } | null => JSON.parse(sessionStorage.getItem(CURRENT) ?? 'null')

function drawForm() {
  camera = preview(firstQuality(), (media) => air?.replace(media))
  const panel = form(camera, goLive)
  put(into, h('div', { class: 'on-air' }, camera.stage, panel))
  // Loaded when it is likely to be needed: from then on going live is a second.
  for (const event of ['focusin', 'pointerenter']) panel.querySelector('.go')!.addEventListener(event, () => void loadLiveKit().catch(() => {}), { once: true })
}

async function goLive(choices: Choices) {
  if (!(await camera!.start())) return
  const { title, visibility, record, saveToStorj, quality } = choices
  const stream = await post<Stream>('/api/streams', { title, visibility, record, saveToStorj, quality })
  sessionStorage.setItem(CURRENT, JSON.stringify({ id: stream.id, quality }))
  await hold(stream.id)
  try {
    await enter(stream, quality)
  } catch (error) {
    // Nothing was sent: what was made for it goes again.
    sessionStorage.removeItem(CURRENT)
    await post(`/api/streams/${stream.id}/end`).catch(() => {})
    throw error
  }
}

/** After a reload, or taken over from another tab. */
async function goOn(stream: Stream, quality: Quality, held = false) {
  if (!held && !(await hold(stream.id))) return offerElsewhere(stream)
  let waiting: (() => void) | null = null
  camera = preview(quality, (media) => (air ? air.replace(media) : waiting?.()))
  const { stage } = camera
  const say = (...content: HTMLElement[]) => put(into, h('div', { class: 'on-air' }, stage, h('div', { class: 'panel stack' }, h('h2', { dir: 'auto' }, stream.title), ...content)))
  const coming = () => say(h('p', {}, 'Coming back to your stream…'))
  coming()
  sessionStorage.setItem(CURRENT, JSON.stringify({ id: stream.id, quality }))
  if (!(await camera.start())) {
    // The stage has buttons of its own that open what there is.
    waiting = () => {
      waiting = null
      coming()
      enter(stream, quality).catch((error) => put(into, trouble(error, show)))
    }
    say(h('p', {}, 'Your stream goes on as soon as the camera does.'), h('button', { type: 'button', class: 'primary', on: { click: () => void show() } }, 'Try again'), endButton(stream))
    return
  }
  await enter(stream, quality)
}

async function enter(stream: Stream, quality: Quality) {
  air = await onAir(stream, quality, camera!, over, offerElsewhere)
  put(into, air.element)
  // A video that is taken from one place of the page to another may stop there.
  void air.element.querySelector('video')?.play().catch(() => {})
  // What was pressed is gone.
  air.element.querySelector('h2')?.focus()
  history.replaceState(null, '', '/live')
}

function over(stream: Stream) {
  leaveAir()
  sessionStorage.removeItem(CURRENT)
  sessionStorage.removeItem('live.draft')
  put(into, after(stream, anew))
}

function anew() {
  put(into)
  drawForm()
}

function leaveAir() {
  air = null
  letGo()
  camera?.close()
  camera = null
}

function offerElsewhere(stream: Stream) {
  if (air) leaveAir()
  sessionStorage.removeItem(CURRENT)
  put(into, h('div', { class: 'empty' }, icon('eye'), h('h2', {}, 'You are live in another tab'), h('p', { dir: 'auto' }, stream.title),
    h('p', {}, 'Going on here takes the stream over from there.'),
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'primary', on: { click: () => void takeOver(stream) } }, 'Go on here'), h('a', { class: 'button', href: `/watch/live/${stream.id}` }, 'Watch it'))))
}

/** Live somewhere: another tab that is there says so by its lock; else it is a browser that was closed, or another device. */
async function offerRunning(stream: Stream) {
  const locks = await navigator.locks?.query()
  if (locks?.held?.some(({ name }) => name === lockName(stream.id))) return offerElsewhere(stream)
  put(into, h('div', { class: 'empty' }, icon('eye'), h('h2', {}, 'You have a stream that is live'), h('p', { dir: 'auto' }, stream.title),
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'primary', on: { click: () => void takeOver(stream) } }, 'Go on here'), endButton(stream))))
}

const endButton = (stream: Stream) => h('button', { type: 'button', class: 'danger', on: { click: async () => over(await post<Stream>(`/api/streams/${stream.id}/end`)) } }, 'End Stream')

/** LiveKit sends the other tab off when the same person joins here. */
async function takeOver(stream: Stream) {
  await hold(stream.id, { steal: true })
  await goOn(stream, firstQuality(), true).catch((error) => put(into, trouble(error, show)))
}

/** One tab of this browser at a time: false if another one has it. */
function hold(id: string, how: LockOptions = { ifAvailable: true }): Promise<boolean> {
  letGo()
  if (!navigator.locks) return Promise.resolve(true)
  return new Promise((resolve) => {
    const held = navigator.locks.request(lockName(id), how, (lock) => {
      resolve(lock !== null)
      return lock ? new Promise<void>((release) => (letGo = release)) : undefined
    })
    held.catch(() => {}) // Stolen by another tab.
  })
}

await start({ live: () => air !== null })
await show()
onSession(() => void (air === null && show()))
