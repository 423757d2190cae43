// An endless list by cursor: a real list, a button *More* that presses itself when it comes near, and a state for each
// way it can go.

import { Failure, get } from '../api'
import { busy } from '../busy'
import { h, put } from '../dom'
import { say } from '../say'
import { trouble, words } from '../trouble'

interface Page<T> {
  rows: T[]
  nextCursor: string | null
}

interface Options<T> {
  /** Where the list is drawn. */
  into: HTMLElement
  /** `/api/recordings?…` without the cursor; changes start the list anew. */
  path: () => string
  read: (answer: any) => T[]
  /** A card, hidden where it is to keep its place only, or null for what is not to be shown. */
  card: (row: T) => HTMLElement | null
  empty: () => HTMLElement
  /** For the announcement: "3 recordings". */
  count: (n: number) => string
}

/** Skeletons come late, so that a quick answer does not flicker. */
const SKELETON_AFTER_MS = 150

/** All lists are drawn in one place: only the one that was asked for last may speak there. */
let turn = new AbortController()

/** Ends what every list here waits for. */
export function newTurn() {
  turn.abort()
  turn = new AbortController()
  return turn.signal
}

export function endlessList<T extends { id: string }>({ into, path, read, card, empty, count }: Options<T>) {
  let signal = turn.signal
  /** What is shown: a search that nobody answered leaves it there, and *More* is more of that. */
  let address = ''
  let cursor: string | null = null
  let shown = new Set<string>()
  /** What stands in the list's place while nothing is in it. */
  let nothing: HTMLElement | null = null
  const list = h('ul', { class: 'grid' })
  const more = h('button', { type: 'button', on: { click: () => void busy(more, next) } }, 'More')
  const wrong = h('p', { class: 'soft' })
  // The button stays where it is: moved, it would lose the focus.
  const foot = h('div', { class: 'more' }, wrong, more)
  const near = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void busy(more, next), { rootMargin: '600px' })

  async function page(address: string, from: string | null, signal: AbortSignal): Promise<Page<T>> {
    const url = new URL(address, location.origin)
    if (from) url.searchParams.set('cursor', from)
    const answer = await get<{ nextCursor: string | null }>(url.pathname + url.search, signal)
    signal.throwIfAborted()
    return { rows: read(answer), nextCursor: answer.nextCursor }
  }

  const cardsOf = (rows: T[], known: Set<string>) =>
    rows.filter(({ id }) => !known.has(id)).map((row) => (known.add(row.id), card(row))).filter((element) => element !== null)
  const visible = (cards: Iterable<Element>) => [...cards].filter((element) => !(element as HTMLElement).hidden)

  function add(cards: HTMLElement[], nextCursor: string | null) {
    list.append(...cards)
    const held = document.activeElement === more
    cursor = nextCursor
    foot.hidden = cursor === null
    // With the last page the button goes, and the focus must not go with it.
    if (held && foot.hidden) (visible(cards)[0] ?? visible(list.children).at(-1))?.querySelector('a')?.focus()
  }

  /** Said already it stays, and with it the focus of whoever is on its way to a link there. */
  function showNothing() {
    const none = empty()
    if (!(nothing?.isConnected && nothing.isEqualNode(none))) put(into, (nothing = none))
  }

  /** Draws it from the beginning. What is there stays until the answer comes, and when none comes. */
  async function load() {
    const mine = (signal = newTurn())
    into.setAttribute('aria-busy', 'true')
    const late = setTimeout(() => list.isConnected || nothing?.isConnected || put(into, skeletons()), SKELETON_AFTER_MS)
    near.disconnect()
    try {
      const asked = path()
      const rows: T[] = []
      let known, cards
      let from: string | null = null
      do { // A page may be short or empty: only `nextCursor: null` is the end.
        const found: Page<T> = await page(asked, from, mine)
        rows.push(...found.rows)
        from = found.nextCursor
        cards = cardsOf(rows, (known = new Set<string>()))
      } while (visible(cards).length === 0 && from)
      address = asked
      shown = known
      const focused = document.activeElement?.closest<HTMLElement>('[data-id]')?.dataset.id
      put(list)
      put(wrong)
      add(cards, from)
      const many = visible(cards).length
      if (many === 0) showNothing()
      else if (!list.isConnected) put(into, list, foot)
      if (focused) list.querySelector<HTMLElement>(`[data-id="${focused}"] a`)?.focus({ preventScroll: true })
      else say(count(many))
      near.observe(more)
    } catch (error) {
      if (mine.aborted) return
      if (!(error instanceof Failure && error.offline && list.isConnected)) put(into, trouble(error, load))
    } finally {
      clearTimeout(late)
      if (!mine.aborted) into.setAttribute('aria-busy', 'false')
    }
  }

  async function next() {
    if (cursor === null || signal.aborted) return
    const mine = signal
    into.setAttribute('aria-busy', 'true')
    try {
      const { rows, nextCursor } = await page(address, cursor, mine)
      const cards = cardsOf(rows, shown)
      add(cards, nextCursor)
      const many = visible(cards).length
      if (many > 0) say(`${count(many)} more`)
      put(wrong)
      // The observer speaks when something changes: a button that is still in sight would not be heard of again. Not so
      // after a failure, or it would ask with each frame: then the button is pressed, or comes near anew.
      near.unobserve(more)
      near.observe(more)
    } catch (error) {
      if (!mine.aborted) put(wrong, words(error))
    }
    if (!mine.aborted) into.setAttribute('aria-busy', 'false')
  }

  return {
    load,
    list,
    /** The card of a row was hidden: says so when it was the last one. */
    emptied() {
      if (visible(list.children).length === 0 && list.isConnected && cursor === null) showNothing()
    },
    /** A card was put back. The list's place may be another one's by now. */
    refilled() {
      if (nothing?.isConnected) put(into, list, foot)
    },
  }
}

const skeletons = () => h('ul', { class: 'grid skeletons', 'aria-hidden': 'true' }, ...Array.from({ length: 6 }, () => h('li')))
