// Elements made by hand: text is always a text node, so nothing that a person or LiveKit wrote can become markup.

type Child = Node | string | number | null | undefined | false
type Handler = (event: any) => void

interface Props {
  class?: string
  on?: Record<string, Handler>
  data?: Record<string, string>
  [attribute: string]: string | number | boolean | null | undefined | Record<string, any>
}

/** An element with attributes (`true` is an empty one, `false` and null none), listeners under `on`, and children. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  set(element, props)
  put(element, ...children)
  return element
}

/** The same in SVG. */
export function svg(tag: string, props: Props = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  set(element, props)
  element.append(...present(children))
  return element
}

function set(element: Element, { on, data, ...attributes }: Props) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value))
  }
  for (const [name, value] of Object.entries(data ?? {})) element.setAttribute(`data-${name}`, value)
  for (const [event, handler] of Object.entries(on ?? {})) element.addEventListener(event, handler)
}

const present = (children: Child[]) =>
  children.filter((child): child is Node | string | number => child !== null && child !== undefined && child !== false)
    .map((child) => (typeof child === 'number' ? String(child) : child))

/** Replaces what is in an element. */
export function put(element: Element, ...children: Child[]) {
  element.replaceChildren(...present(children))
}

/** Puts an element in another one's place. What was focused there is focused here by its title, or else what comes first. */
export function takePlace(before: HTMLElement, next: HTMLElement) {
  const focused = before.contains(document.activeElement) ? document.activeElement : null
  before.replaceWith(next)
  if (!(focused instanceof HTMLElement)) return
  const same = [...next.querySelectorAll<HTMLElement>('[title]')].find(({ title }) => title === focused.title)
  ;(same ?? next.querySelector<HTMLElement>('a, button'))?.focus()
}

/** The server's words, with what stands between backticks set as code. */
export const spoken = (text: string) => text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part))

/** Text of a person's, whichever way it is written. */
export const foreign = (text: string) => h('bdi', {}, text)

/** An element that the page's file has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (!element) throw new Error(`no #${id} in this page`)
  return element as T
}

/** Line drawings of 24 units, each one path: MIT-like simple shapes of our own. */
const ICONS = {
  save: 'M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6',
  saved: 'M5 12.5l4.5 4.5L19 7.5',
  download: 'M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5M5 20h14',
  share: 'M12 15V4m0 0L8.5 7.5M12 4l3.5 3.5M8 11H5.5v9h13v-9H16',
  edit: 'M5 19l1-4L16.5 4.5l3 3L9 18zM14 7l3 3',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  play: 'M8 5l11 7-11 7z',
  eye: 'M2.5 12C5 7.5 8.5 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-6 6.5-9.5 6.5S5 16.5 2.5 12zM12 9a3 3 0 100 6 3 3 0 000-6z',
  lock: 'M7 11V8a5 5 0 0110 0v3M5.5 11h13v9h-13z',
  theme: 'M12 4a8 8 0 100 16zM12 4a8 8 0 010 16',
  copy: 'M9 9h10v11H9zM5 15V4h10',
} as const

export type IconName = keyof typeof ICONS

export const icon = (name: IconName) =>
  svg('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: ICONS[name] }))
