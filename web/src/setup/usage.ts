// Usage and cost by month.

import { h, svg } from '../dom'
import { money, sentence, size } from '../format'

/** A line of a bill. */
interface Line {
  name: string
  microDollars: number
}

interface Month {
  /** `2026-11` */
  month: string
  recordings: number
  hoursRecorded: number
  bytesKept: number
  downloads: number
  lines: Line[]
  totalMicroDollars: number
}

export interface Usage {
  /** The newest first. */
  months: Month[]
  notes: string[]
  sources: { what: string; source: string; date: string }[]
}

/** A year: more do not fit beside each other. */
const MOST = 12

export function usage({ months, notes, sources }: Usage) {
  const shown = months.slice(0, MOST).reverse()
  return h('section', { class: 'panel stack' }, h('h2', {}, 'Usage and cost'),
    ...(shown.length === 0 ? [h('p', { class: 'soft' }, 'Nothing was recorded yet.')] : [bars(shown), table(shown), bill(months[0]!)]),
    h('details', {}, h('summary', {}, 'How it is counted'), h('div', { class: 'stack' },
      ...notes.map((note) => h('p', { class: 'hint' }, note)),
      ...sources.map(({ what, source, date }) => h('p', { class: 'hint' }, `${what}: ${source}, ${date}`)))))
}

/** What the newest month's sum is made of. */
const bill = ({ month, lines }: Month) =>
  h('details', {}, h('summary', {}, `${monthName(month)}, line by line`),
    h('dl', { class: 'pairs number' }, ...lines.flatMap(({ name, microDollars }) => [h('dt', {}, sentence(name.replaceAll('_', ' ')).replace('Livekit', 'LiveKit')), h('dd', {}, money(microDollars))])))

/** One bar a month. The table below says the same to everybody. */
function bars(months: Month[]) {
  const top = Math.max(1, ...months.map(({ totalMicroDollars }) => totalMicroDollars))
  const step = 100 / MOST
  return h('div', { class: 'plot' }, svg('svg', { viewBox: '0 0 100 40', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...months.map(({ totalMicroDollars }, i) => {
      const height = Math.max(0.6, (totalMicroDollars / top) * 38)
      return svg('rect', { class: 'bar-of-month', x: (100 - months.length * step + i * step + step * 0.15).toFixed(2), y: (39 - height).toFixed(2), width: (step * 0.7).toFixed(2), height: height.toFixed(2) })
    }),
    svg('path', { class: 'base', d: 'M0 39H100' })))
}

const monthName = (month: string) => new Intl.DateTimeFormat('en', { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${month}-01`))

function table(months: Month[]) {
  const row = ({ month, recordings, hoursRecorded, bytesKept, downloads, totalMicroDollars }: Month) =>
    h('tr', {}, h('th', { scope: 'row' }, monthName(month)), h('td', {}, String(recordings)), h('td', {}, `${hoursRecorded} h`),
      h('td', {}, size(bytesKept)), h('td', {}, String(downloads)), h('td', {}, money(totalMicroDollars)))
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Usage by month' },
    h('table', { class: 'number' },
      h('thead', {}, h('tr', {}, ...['Month', 'Recordings', 'Recorded', 'Kept', 'Downloads', 'Cost'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...months.toReversed().map(row))))
}
