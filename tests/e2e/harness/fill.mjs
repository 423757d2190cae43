// Tables as large as they get in years, in seconds: what a page costs must not depend on that.

import { day } from './rows.mjs'

/** Numbers from `first` on, fewer than `end`, as rows of a table `n (i)`. */
const numbers = (first, end) => `WITH RECURSIVE n(i) AS (VALUES(${first}) UNION ALL SELECT i + 1 FROM n WHERE i < ${end - 1})`
/** Seven owners, a third private. */
const owner = "'user-' || (i % 7), CASE WHEN i % 3 = 1 THEN 'private' ELSE 'public' END"

/** So many at a time fit into one statement. */
async function inPortions(from, count, fill) {
  for (let first = from; first < count; first += 20_000) await fill(first, Math.min(first + 20_000, count))
}

/**
 * Recordings `r-{i}` from that number on, fewer than `count`, a second apart, in three states. Two old ones are of the stream
 * `s-0`. All are a show, one in a thousand is rare, the oldest alone is unique.
 */
export const fillRecordings = (stage, from, count) =>
  inPortions(from, count, async (first, end) => {
    const stream = "CASE WHEN i IN (0, 50) THEN 's-0' END"
    const words = "CASE WHEN i = 0 THEN 'show unique' WHEN i % 1000 = 0 THEN 'show rare' ELSE 'show' END"
    await stage.sql(`INSERT INTO assets (id, job_id, stream_id, title, room_name, owner_id, visibility, status, part, object_key, bucket, endpoint,
      region, quality, created_at, words) ${numbers(first, end)} SELECT 'r-' || i, 'j-' || i, ${stream}, 'T', 'room', ${owner},
      CASE i % 4 WHEN 0 THEN 'processing' WHEN 1 THEN 'missing' ELSE 'ready' END, 1, 'k-' || i, 'b', 'http://127.0.0.1:9', 'us-east-1',
      '1080p', ${day} + i * 1000, ${words} FROM n`)
    await stage.sql(`INSERT INTO asset_words (scope, word, place, asset_id)
      SELECT s.value, w.value, a.created_at, a.id FROM assets a, json_each(json_array(a.visibility, '@' || a.owner_id)) s,
      json_each('["' || replace(a.words, ' ', '","') || iif(a.stream_id IS NULL, '', '","#' || a.stream_id) || '"]') w
      WHERE a.id GLOB 'r-*' AND a.created_at >= ${day + first * 1000}`)
  })

/** Streams `s-{i}` likewise: created, live and ended. */
export const fillStreams = (stage, from, count) =>
  inPortions(from, count, (first, end) =>
    stage.sql(`INSERT INTO live_streams (id, title, room_name, owner_id, visibility, status, record, quality, created_at)
      ${numbers(first, end)} SELECT 's-' || i, 'T', 'room-' || i, ${owner}, CASE i % 4 WHEN 0 THEN 'created' WHEN 1 THEN 'live' ELSE 'ended' END,
      1, '1080p', ${day} + i * 1000 FROM n`),
  )
