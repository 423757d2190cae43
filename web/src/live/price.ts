// What an hour costs in each quality, by the server's own table.

import { get } from '../api'
import { money } from '../format'
import type { Quality } from '../shapes'

const asked = new Map<Quality, Promise<string | null>>()

/** `about $0.44 an hour`, or null when the server does not answer: going live does not wait for it. */
export function pricePerHour(quality: Quality): Promise<string | null> {
  const answer = asked.get(quality) ?? ask(quality)
  asked.set(quality, answer)
  return answer
}

async function ask(quality: Quality) {
  try {
    const { totalMicroDollars } = await get<{ totalMicroDollars: number }>(`/api/estimate?hours=1&quality=${quality}`)
    return `about ${money(totalMicroDollars)} an hour`
  } catch {
    asked.delete(quality)
    return null
  }
}
