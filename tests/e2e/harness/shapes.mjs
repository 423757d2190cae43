// The shapes of answers: which members, and what each may be.

import assert from 'node:assert/strict'

const text = (value) => typeof value === 'string' && value.length > 0
const count = (value) => Number.isSafeInteger(value) && value >= 0
const flag = (value) => typeof value === 'boolean'
const time = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value))
const orNull = (check) => (value) => value === null || check(value)
const oneOf = (...names) => (value) => names.includes(value)

const state = {
  status: oneOf('none', 'requested', 'starting', 'recording', 'stopping', 'complete', 'failed', 'aborted', 'limit_reached'),
  egressId: orNull(text),
  startedAt: orNull(time),
  seconds: count,
  estimatedBytes: count,
  estimatedMicroDollars: count,
  error: orNull(text),
}
const stream = {
  id: text,
  title: text,
  description: orNull(text),
  roomName: text,
  ownerId: orNull(text),
  visibility: oneOf('public', 'private'),
  status: oneOf('created', 'live', 'ended'),
  viewerCount: count,
  peakViewers: count,
  uniqueViewers: count,
  watchSeconds: count,
  createdAt: time,
  startedAt: orNull(time),
  endedAt: orNull(time),
  recording: (value) => (assertShape(value, state, 'stream.recording'), true),
  thumbnailUrl: orNull(text),
}
const recording = {
  id: text,
  title: text,
  streamId: orNull(text),
  roomName: text,
  ownerId: orNull(text),
  egressId: orNull(text),
  part: (value) => count(value) && value > 0,
  status: oneOf('processing', 'ready', 'missing', 'deleting'),
  visibility: oneOf('public', 'private'),
  filename: orNull(text),
  bucket: orNull(text),
  durationMs: orNull(count),
  sizeBytes: orNull(count),
  quality: oneOf('720p', '1080p', '4k'),
  format: oneOf('mp4', 'segments'),
  partial: flag,
  thumbnailUrl: orNull(text),
  saved: flag,
  downloads: count,
  createdAt: time,
  startedAt: orNull(time),
  endedAt: orNull(time),
  expiresAt: orNull(time),
}

function assertShape(value, shape, name) {
  assert.deepEqual(Object.keys(value).sort(), Object.keys(shape).sort(), `members of ${name}`)
  for (const [member, check] of Object.entries(shape)) assert.ok(check(value[member]), `${name}.${member}: ${JSON.stringify(value[member])}`)
}

export const assertStream = (value) => assertShape(value, stream, 'stream')
export const assertRecording = (value) => assertShape(value, recording, 'recording')

/** Walks all pages of a list: the rows, and how many pages they came in. */
export async function walk(api, path, name, options) {
  const rows = []
  let [cursor, pages] = [null, 0]
  do {
    const at = cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''
    const answer = await api('GET', `${path}${at}`, options)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(Object.keys(answer.body).sort(), [name, 'nextCursor'].sort())
    rows.push(...answer.body[name])
    pages += 1
    cursor = answer.body.nextCursor
    assert.ok(pages < 1_000, 'the pages have no end')
  } while (cursor !== null)
  return { rows, pages }
}
