// Usage and cost by month.

import { get } from '../api'
import { h, svg } from '../dom'
import { money, size } from '../format'
import { panel } from './panel'

interface Month {
  /** `2026-11` */
  month: string
  recordings: number
  hoursRecorded: number
  bytesKept: number
  downloads: number
  totalMicroDollars: number
}

/** A year: more do not fit beside each other. */
const MOST = 12

export const usage = () => panel('Usage and cost', async () => {
  const { months, notes = [] } = await get<{ months: Month[]; notes?: string[] }>('/api/usage')
  if (months.length === 0) return [h('p', { class: 'soft' }, 'Nothing was recorded yet.')]
  const shown = months.slice(0, MOST).reverse()
  return [bars(shown), table(shown), h('details', {}, h('summary', {}, 'How it is counted'), ...notes.map((note) => h('p', { class: 'hint' }, note)))]
})

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
