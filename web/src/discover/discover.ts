// Discover: what is live now, and what was recorded.

import { get, repeat } from '../api'
import { byId, h, icon, put, takePlace } from '../dom'
import { count } from '../format'
import { signInOffer, start } from '../page'
import { onSession, session } from '../session'
import type { Recording, Stream } from '../shapes'
import { endlessList, newTurn } from './list'
import { recordingCard } from './recording-card'
import { streamCard } from './stream-card'

type Tab = 'live' | 'recordings'

const PAGE = 24
const SEARCH_AFTER_MS = 200
const LIVE_POLL_MS = 12_000
const PROCESSING_POLL_MS = 3_000

const into = byId('list')
const search = byId<HTMLInputElement>('search')
const mine = byId<HTMLInputElement>('mine')
const state = { tab: null as Tab | null, q: '', mine: false }

/** The address says what is shown, so that a reload and a link show the same. */
function readAddress() {
  const query = new URLSearchParams(location.search)
  const tab = query.get('tab')
  state.tab = tab === 'live' || tab === 'recordings' ? tab : query.has('q') || query.has('mine') ? 'recordings' : null
  state.q = (query.get('q') ?? '').trim()
  state.mine = query.has('mine')
}

function writeAddress(push: boolean) {
  const query = new URLSearchParams()
  if (state.tab) query.set('tab', state.tab)
  if (state.q) query.set('q', state.q)
  if (state.mine) query.set('mine', 'true')
  history[push ? 'pushState' : 'replaceState'](null, '', `/discover${query.size ? `?${query}` : ''}`)
}

const lists = {
  live: endlessList<Stream>({
    into,
    path: () => `/api/streams?status=live&limit=${PAGE}${mineOnly()}`,
    read: ({ streams }) => streams,
    card: (stream) => (fits(stream) ? streamCard(stream) : null),
    empty: () => h('div', { class: 'empty' }, icon('eye'), h('h2', {}, state.q ? 'Nothing live fits that' : 'Nobody is live right now'),
      h('p', {}, 'Be the first, or look at what was recorded.'),
      h('p', { class: 'row' }, h('a', { class: 'button primary', href: '/live' }, 'Go live'), h('a', { class: 'button', href: '/discover?tab=recordings' }, 'Recordings'))),
    count: (n) => count(n, 'live stream'),
  }),
  recordings: endlessList<Recording>({
    into,
    path: () => `/api/recordings?limit=${PAGE}${mineOnly()}${state.q ? `&q=${encodeURIComponent(state.q)}` : ''}`,
    read: ({ recordings }) => recordings,
    card,
    empty: () => h('div', { class: 'empty' }, icon('play'), h('h2', {}, state.q ? `Nothing found for “${state.q}”` : 'No recordings yet'),
      h('p', {}, state.q ? 'Fewer or other words may find it.' : 'Go live with recording on: the recording is here a minute after the stream.'),
      state.q ? h('button', { type: 'button', on: { click: clearSearch } }, 'Clear the search') : h('a', { class: 'button primary', href: '/live' }, 'Go live')),
    count: (n) => count(n, 'recording'),
  }),
}

/** *Mine only*, of nobody. */
const unknown = () => state.mine && !session()
const mineOnly = () => (state.mine && session() ? '&mine=true' : '')
/** There are few live streams, and the API searches recordings only. */
const fits = ({ title, roomName }: Stream) => `${title} ${roomName}`.toLocaleLowerCase().includes(state.q.toLocaleLowerCase())

/** Deleted here. Until the server has it, and it may yet be undone, a list that is loaded anew still has the recording. */
const gone = new Set<string>()
/** Nothing to be seen, where a card comes back to. */
const placeOf = (id: string) => h('li', { hidden: true, data: { id } })

function card(recording: Recording): HTMLElement | null {
  // A deleted one is on its way out; one without its file is of no use to anybody but its owner.
  if (recording.status === 'deleting' || (recording.status === 'missing' && recording.ownerId === null)) return null
  const { id } = recording
  if (gone.has(id)) return placeOf(id)
  const { list, emptied, refilled } = lists.recordings
  const draw = (now: Recording) => recordingCard(now, { changed, removed })
  let shown = recording
  let element = draw(recording)
  let end = () => {}
  function changed(now: Recording) {
    const before = element
    shown = now
    element = draw(now)
    takePlace(before, element)
  }
  function removed() {
    gone.add(id)
    const cards = [...list.querySelectorAll('.card')]
    const at = cards.indexOf(element)
    const next = (cards[at + 1] ?? cards[at - 1])?.querySelector<HTMLElement>('h2 a')
    element.replaceWith(placeOf(id))
    emptied()
    ;(next ?? byId('main')).focus()
    return () => {
      gone.delete(id)
      // None when the list has been loaded anew and is one without it, by its search.
      list.querySelector(`[hidden][data-id="${id}"]`)?.replaceWith(element)
      refilled()
      verify()
      const focused = document.activeElement
      // Never out of a field: when the server refuses, somebody may be typing there.
      if (element.isConnected && !focused?.matches('input')) element.querySelector<HTMLElement>('h2 a')!.focus()
      else if (focused === document.body) byId('main').focus({ preventScroll: true })
    }
  }
  /** Asks until the file is verified, or the card is gone. */
  function verify() {
    end()
    if (shown.status !== 'processing') return
    end = repeat(async () => {
      if (!element.isConnected) return end()
      const now = await get<Recording>(`/api/recordings/${id}`)
      if (now.status === 'processing') return
      end()
      changed(now)
    }, () => PROCESSING_POLL_MS)
  }
  verify()
  return element
}

function show() {
  takeTyped()
  const tab = state.tab ?? 'recordings'
  for (const name of ['live', 'recordings'] as const) {
    const link = byId(`tab-${name}`)
    if (name === tab) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  // Only if it says something else: the space behind a word is the beginning of the next one.
  if (search.value.trim() !== state.q) search.value = state.q
  mine.checked = state.mine
  byId('mine-label').hidden = session() === null
  if (unknown()) {
    newTurn()
    into.setAttribute('aria-busy', 'false')
    return put(into, signInOffer('Your own recordings are shown once you are.'))
  }
  return void lists[tab].load()
}

/** How many are live, beside the tab; and when nothing was chosen and somebody is live, that is what is shown. */
async function lookLive() {
  const { streams } = await get<{ streams: Stream[] }>('/api/streams?status=live&limit=100')
  const badge = byId('live-count')
  badge.hidden = streams.length === 0
  put(badge, String(streams.length), h('span', { class: 'aside' }, ' live'))
  return streams.length
}

function clearSearch() {
  state.q = search.value = ''
  writeAddress(false)
  show()
  search.focus()
}

let typing: ReturnType<typeof setTimeout> | undefined
search.addEventListener('input', () => {
  clearTimeout(typing)
  typing = setTimeout(show, SEARCH_AFTER_MS)
})

/** What is being typed counts from when the list is drawn next, whatever for: else that would write over it. */
function takeTyped() {
  if (typing === undefined) return
  clearTimeout(typing)
  typing = undefined
  state.q = search.value.trim()
  state.tab ??= 'recordings'
  writeAddress(false)
}

byId('search-form').addEventListener('submit', (event) => event.preventDefault())
mine.addEventListener('change', () => {
  state.mine = mine.checked
  writeAddress(true)
  show()
})
for (const tab of ['live', 'recordings'] as const) {
  byId(`tab-${tab}`).addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    state.tab = tab
    writeAddress(true)
    show()
  })
}
addEventListener('popstate', () => {
  readAddress()
  search.value = state.q
  show()
})
addEventListener('online', show)

await start()
readAddress()
const live = lookLive().catch(() => 0)
if (!state.tab && (await live) > 0) state.tab ??= 'live' // Unless it was chosen meanwhile.
show()
onSession(show)
repeat(async () => {
  await lookLive()
  if (state.tab === 'live' && !state.q && !unknown()) await lists.live.load()
}, () => LIVE_POLL_MS)
