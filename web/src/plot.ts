// A small plot by hand: a step line over time. For the eye; the same is said in words beside it.

import { h, svg } from './dom'

export interface Point {
  /** Milliseconds. */
  at: number
  value: number
}

/** Steps from point to point up to `until`. */
export function stepPlot(points: Point[], until: number, { label, from, to }: { label: string; from: string; to: string }) {
  const begin = points[0]?.at ?? 0
  const span = Math.max(1, until - begin)
  const top = Math.max(1, ...points.map(({ value }) => value))
  const x = (at: number) => (((at - begin) / span) * 100).toFixed(2)
  const y = (value: number) => (39 - (value / top) * 36).toFixed(2)
  const steps = points.map(({ at, value }, i) => (i === 0 ? `M0 ${y(value)}` : `H${x(at)}V${y(value)}`)).join('') + 'H100'
  return h('figure', {},
    svg('svg', { viewBox: '0 0 100 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
      svg('path', { class: 'area', d: `${steps}V39H0Z` }), svg('path', { class: 'line', d: steps }), svg('path', { class: 'base', d: 'M0 39H100' })),
    h('figcaption', { class: 'ends soft number' }, h('span', {}, from), h('span', {}, to)))
}
