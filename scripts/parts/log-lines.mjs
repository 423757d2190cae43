// The console of `npm run dev`: the Worker's JSON log lines, readable at a glance.
//
//   14:03:07  200  POST /livekit-webhook   egress_ended  room=party  the file is there  12 ms
//
// Any other line of wrangler's is passed on as it is, but for its own request lines, which say less than ours.

import { print } from './steps.mjs'

const wranglersOwn = /^\[wrangler:info\] (GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|Ready) |^\s*$/

export function show(line) {
  if (wranglersOwn.test(line)) return
  print(pretty(line) ?? line)
}

/** The line for people, or null when it is not one of the Worker's. */
export function pretty(line) {
  const fields = parse(line)
  if (!fields) return null
  const { status, route, event, room, egress_id: egress, decided = [], ms, code, request_id: id } = fields
  const columns = [
    new Date().toTimeString().slice(0, 8),
    colour(status, String(status ?? '').padStart(3)),
    String(route ?? '').padEnd(24),
    event,
    room && `room=${room}`,
    egress,
    code,
    [decided].flat().join('; '),
    ms !== undefined && dim(`${ms} ms`),
    status >= 400 && id && dim(id),
  ]
  return columns.filter(Boolean).join('  ')
}

function parse(line) {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

const paint = process.stdout.isTTY && !process.env.NO_COLOR
const dim = (text) => (paint ? `\x1b[2m${text}\x1b[0m` : text)

function colour(status, text) {
  if (!paint || !status) return text
  const code = status >= 500 ? 31 : status >= 400 ? 33 : 32
  return `\x1b[${code}m${text}\x1b[0m`
}
