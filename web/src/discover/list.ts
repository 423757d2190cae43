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
  /** A card, or null for what is not to be shown. */
  card: (row: T) => HTMLElement | null
  empty: () => HTMLElement
  /** For the announcement: "3 recordings". */
  count: (n: number) => string
}

/** Skeletons come late, so that a quick answer does not flicker. */
const SKELETON_AFTER_MS = 150

export function endlessList<T extends { id: string }>({ into, path, read, card, empty, count }: Options<T>) {
  let aborted = new AbortController()
  let cursor: string | null = null
  let shown = new Set<string>()
  const list = h('ul', { class: 'grid' })
  const more = h('button', { type: 'button', on: { click: () => void busy(more, next) } }, 'More')
  const wrong = h('p', { class: 'soft' })
  // The button stays where it is: moved, it would lose the focus.
  const foot = h('div', { class: 'more' }, wrong, more)
  const near = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void busy(more, next), { rootMargin: '600px' })

  async function page(from: string | null, signal: AbortSignal): Promise<Page<T>> {
    const url = new URL(path(), location.origin)
    if (from) url.searchParams.set('cursor', from)
    const answer = await get<{ nextCursor: string | null }>(url.pathname + url.search, signal)
    return { rows: read(answer), nextCursor: answer.nextCursor }
  }

  /** A page may be short or empty: only `nextCursor: null` is the end. */
  function add({ rows, nextCursor }: Page<T>) {
    cursor = nextCursor
    const fresh = rows.filter(({ id }) => !shown.has(id))
    const cards = fresh.map((row) => (shown.add(row.id), card(row))).filter((element): element is HTMLElement => element !== null)
    list.append(...cards)
    foot.hidden = cursor === null
    return cards.length
  }

  /** Draws it from the beginning. What is there stays until the answer comes, and when none comes. */
  async function load() {
    aborted.abort()
    aborted = new AbortController()
    const { signal } = aborted
    into.setAttribute('aria-busy', 'true')
    const late = setTimeout(() => list.isConnected || put(into, skeletons()), SKELETON_AFTER_MS)
    near.disconnect()
    try {
      let first = await page(null, signal)
      shown = new Set()
      const focused = document.activeElement?.closest<HTMLElement>('[data-id]')?.dataset.id
      put(list)
      let added = add(first)
      while (added === 0 && cursor) added = add(await page(cursor, signal))
      put(into, ...(list.childElementCount > 0 ? [list, foot] : [empty()]))
      if (focused) list.querySelector<HTMLElement>(`[data-id="${focused}"] a`)?.focus({ preventScroll: true })
      else say(count(list.childElementCount))
      near.observe(more)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Failure && error.offline && list.isConnected)) put(into, trouble(error, load))
    } finally {
      clearTimeout(late)
      if (!signal.aborted) into.setAttribute('aria-busy', 'false')
    }
  }

  async function next() {
    if (cursor === null) return
    const { signal } = aborted
    into.setAttribute('aria-busy', 'true')
    try {
      const added = add(await page(cursor, signal))
      if (added > 0) say(`${count(added)} more`)
      put(wrong)
    } catch (error) {
      if (!signal.aborted) put(wrong, words(error))
    }
    if (signal.aborted) return
    into.setAttribute('aria-busy', 'false')
    // The observer speaks when something changes: a button that is still in sight would not be heard of again.
    near.unobserve(more)
    near.observe(more)
  }

  return {
    load,
    list,
    /** The card of a row was taken out of the list: says so when it was the last one. */
    emptied() {
      if (list.childElementCount === 0 && list.isConnected && cursor === null) put(into, empty())
    },
    /** A card was put back. */
    refilled() {
      if (!list.isConnected) put(into, list, foot)
    },
  }
}

const skeletons = () => h('ul', { class: 'grid skeletons', 'aria-hidden': 'true' }, ...Array.from({ length: 6 }, () => h('li')))
