// Alternating rounds: ours, the peer, then the other way round, so that a machine that grows slower hits both alike.

import { cpuMs } from './cpu-time.mjs'
import { askAll } from './requests.mjs'

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Measures one operation on all `sides` (`{side, stage, pids}`) for that many rounds. Each has `alone` requests one after the other, then
 * `together` with `atOnce` under way. Answers `{side: [{alone, together, cpu}]}`: milliseconds a request.
 */
export async function measure(sides, operation, { rounds, alone, together, atOnce, warmUp, onRound = () => {} }) {
  const results = Object.fromEntries(sides.map(({ side }) => [side, []]))
  for (const one of sides) await round(one, operation, { alone: 0, together: warmUp, atOnce })
  for (let number = 0; number < rounds; number++) {
    for (const one of number % 2 ? [...sides].reverse() : sides) results[one.side].push(await round(one, operation, { alone, together, atOnce }))
    onRound(number + 1)
  }
  return results
}

async function round({ stage, pids, status, checked = true, onSent = () => {} }, operation, { alone, together, atOnce }) {
  // Signed before the clock runs.
  const requests = await operation.requests(stage, alone + together)
  const expected = status ?? operation.status
  const before = cpuMs(pids)
  const one = await askAll(stage.worker, requests.slice(0, alone), { atOnce: 1, status: expected })
  const many = await askAll(stage.worker, requests.slice(alone), { atOnce, status: expected })
  const cpu = (cpuMs(pids) - before) / requests.length
  onSent(operation, requests.length)
  if (checked) for (const { last } of [one, many]) if (last) await operation.check(stage, last)
  return { alone: alone ? median(one.times) : NaN, together: many.ms / together, cpu }
}
