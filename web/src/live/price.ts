// What an hour costs in each quality, by the server's own table.

import { get } from '../api'
import { money } from '../format'
import type { Quality } from '../shapes'

interface Estimate {
  totalMicroDollars?: number
}

const asked = new Map<Quality, Promise<string | null>>()

/** `about $0.44 an hour`, or null where the server does not tell. */
export function pricePerHour(quality: Quality): Promise<string | null> {
  const answer = asked.get(quality) ?? ask(quality)
  asked.set(quality, answer)
  return answer
}

async function ask(quality: Quality) {
  const { totalMicroDollars } = await get<Estimate>(`/api/estimate?hours=1&quality=${quality}`).catch(() => ({}) as Estimate)
  return typeof totalMicroDollars === 'number' ? `about ${money(totalMicroDollars)} an hour` : null
}
