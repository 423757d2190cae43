// Viewers over time, of a stream.

import { get } from '../api'
import { count, time } from '../format'
import { stepPlot, type Point } from '../plot'
import type { Stream } from '../shapes'

interface Series {
  points: { at: string; viewers: number }[]
}

/** A plot, or null where nobody was counted. */
export async function viewersPlot(stream: Stream) {
  const { points: told } = await get<Series>(`/api/streams/${stream.id}/viewers`)
  if (told.length === 0) return null
  const points: Point[] = told.map(({ at, viewers }) => ({ at: Date.parse(at), value: viewers }))
  const until = Math.max(points.at(-1)!.at, stream.endedAt ? Date.parse(stream.endedAt) : Date.now())
  const [from, to] = [new Date(points[0]!.at).toISOString(), new Date(until).toISOString()]
  return stepPlot(points, until, { label: `Viewers from ${time(from)} to ${time(to)}, at most ${count(stream.peakViewers, 'at once', 'at once')}`, from: time(from), to: time(to) })
}
