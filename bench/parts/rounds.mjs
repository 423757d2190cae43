// Alternating rounds: ours, the peer, then the other way round, so that a machine that grows slower hits both alike.

import { cpuMs } from './cpu-time.mjs'
import { askAll } from './requests.mjs'

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Calls `work(side)` for each of the sides, that many rounds. Answers `{name of side: [what it answered in each round]}`. */
export async function alternating(sides, rounds, work, onRound = () => {}) {
  const results = Object.fromEntries(sides.map(({ side }) => [side, []]))
  for (let number = 0; number < rounds; number++) {
    for (const one of number % 2 ? [...sides].reverse() : sides) results[one.side].push(await work(one))
    onRound(number + 1)
  }
  return results
}

/**
 * One operation as callers meet it: `alone` requests one after the other, then `together` with `atOnce` under way. Answers
 * `{alone, together, cpu}`: the median of the first, and for each of the second the time and, of all, the CPU; in milliseconds.
 */
export async function asCalled({ stage, pids, onSent = () => {} }, operation, { alone, together, atOnce }) {
  // Signed before the clock runs.
  const requests = await operation.requests(stage, alone + together)
  const before = cpuMs(pids)
  const one = await askAll(stage.worker, requests.slice(0, alone), { atOnce: 1, status: operation.status })
  const many = await askAll(stage.worker, requests.slice(alone), { atOnce, status: operation.status })
  const cpu = (cpuMs(pids) - before) / requests.length
  onSent(operation, requests.length)
  for (const { last } of [one, many]) await operation.check(stage, last)
  return { alone: median(one.times), together: many.ms / together, cpu }
}

/** The Worker alone (see `alone.mjs`): CPU milliseconds for each of `requests` × `times`. */
export async function alone({ side, stage, pids }, operation, { requests, times, silent }) {
  const [request] = await operation.requests(stage, 1)
  const headers = { ...request.headers, 'x-bench-times': String(times), ...(silent && { 'x-bench-silent': 'yes' }) }
  const all = Array.from({ length: requests }, () => ({ ...request, headers }))
  const before = cpuMs(pids)
  const isEmpty = side === 'empty'
  const { last } = await askAll(stage.worker, all, { atOnce: 1, status: isEmpty ? 200 : operation.status })
  const cpu = (cpuMs(pids) - before) / requests / times
  if (!isEmpty) await operation.check(stage, last)
  return cpu
}
