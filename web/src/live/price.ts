// What an hour costs in each quality, by the server's own table.

import { get } from '../api'
import { money } from '../format'
import type { Quality } from '../shapes'

interface Estimate {
  lines: { name: string; microDollars: number }[]
}

/** Of so many, the rounding to whole GB is no matter; the month's minimum is not this hour's. */
const HOURS = 100

const asked = new Map<Quality, Promise<string | null>>()

/** `about $0.32 an hour`, or null when the server does not answer: going live does not wait for it. */
export function pricePerHour(quality: Quality): Promise<string | null> {
  const answer = asked.get(quality) ?? ask(quality)
  asked.set(quality, answer)
  return answer
}

async function ask(quality: Quality) {
  try {
    const { lines } = await get<Estimate>(`/api/estimate?hours=${HOURS}&quality=${quality}`)
    const sum = lines.filter(({ name }) => name !== 'storj_minimum').reduce((total, { microDollars }) => total + microDollars, 0)
    return `about ${money(Math.round(sum / HOURS / 10_000) * 10_000)} an hour, with a month of storage`
  } catch {
    asked.delete(quality)
    return null
  }
}
