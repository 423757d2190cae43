// Watches a recording as a player does: what its playback address gives has to be media, and of some length.

import assert from 'node:assert/strict'

/** Fetches all of a recording: `{bytes, seconds}`, the seconds as the file or the playlist itself says. */
export async function watch(stage, id, user = 'alice') {
  const { status, body } = await stage.api('GET', `/api/recordings/${id}/playback`, { user })
  assert.equal(status, 200, JSON.stringify(body))
  return body.type === 'video/mp4' ? file(body.url) : playlist(body.url)
}

async function fetched(url, headers = {}) {
  const response = await fetch(url, { headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.ok(response.ok, `${response.status} for ${url.split('?')[0]}`)
  return bytes
}

async function file(url) {
  const bytes = await fetched(url)
  assert.equal(bytes.subarray(4, 8).toString('latin1'), 'ftyp')
  return { type: 'video/mp4', bytes: bytes.length, seconds: mp4Seconds(bytes) }
}

/** The movie header's duration (ISO 14496-12, 8.2.2). */
export function mp4Seconds(bytes) {
  const at = bytes.indexOf('mvhd') + 4
  assert.ok(at > 4, 'no movie header')
  const long = bytes[at] === 1
  const scale = bytes.readUInt32BE(at + (long ? 20 : 12))
  return (long ? Number(bytes.readBigUInt64BE(at + 24)) : bytes.readUInt32BE(at + 16)) / scale
}

/** Every segment (RFC 8216); a segment may be a range of bytes of a longer file. */
async function playlist(url) {
  const text = (await fetched(url)).toString()
  assert.ok(text.startsWith('#EXTM3U'), text.slice(0, 80))
  assert.match(text, /#EXT-X-ENDLIST/)
  let [seconds, bytes, range, next] = [0, 0, null, 0]
  for (const line of text.split('\n').map((one) => one.trim())) {
    const [, duration] = /^#EXTINF:([\d.]+)/.exec(line) ?? []
    const [, length, offset] = /^#EXT-X-BYTERANGE:(\d+)(?:@(\d+))?/.exec(line) ?? []
    if (duration) seconds += Number(duration)
    if (length) {
      const from = offset === undefined ? next : Number(offset)
      next = from + Number(length)
      range = `bytes=${from}-${next - 1}`
    }
    if (line === '' || line.startsWith('#')) continue
    const segment = await fetched(new URL(line, url).href, range ? { range } : {})
    if (range) assert.equal(segment.length, next - Number(/=(\d+)/.exec(range)[1]))
    // Each packet of a transport stream begins so, and is 188 bytes long.
    assert.equal(segment[0], 0x47)
    assert.equal(segment[188], 0x47)
    bytes += segment.length
    range = null
  }
  return { type: 'application/vnd.apple.mpegurl', bytes, seconds }
}
