// HTTP as bytes on a socket: for requests that `fetch` would tidy up or refuse to send.

import { connect } from 'node:net'

const SLICE = 64 * 1024
/** So much is sent with pauses: an early answer would be lost if the next write met a closed connection. */
const HASTY = 3 * SLICE

/**
 * Sends bytes and reads until the other side closes: `{status, headers, text, body}`; status 0 when nothing came back. Stops
 * sending when an answer comes, as curl does: who answers early need not read the rest.
 */
export function sendRaw(address, bytes, ms = 5_000) {
  const { hostname, port } = new URL(address)
  return new Promise((resolve) => {
    const chunks = []
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }, () => sendFrom(0))
    const sendFrom = (at) => {
      if (chunks.length > 0 || socket.destroyed || at >= bytes.length) return
      socket.write(bytes.subarray(at, at + SLICE), () => setTimeout(sendFrom, at < HASTY ? 30 : 0, at + SLICE))
    }
    socket.setTimeout(ms, () => socket.destroy())
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('utf8'))))
  })
}

/** A request whose target is sent as it is written, dots and all. */
export function rawRequest(address, method, target, { headers = {}, body = '', ms } = {}) {
  const length = body.length > 0 || method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {}
  const all = { host: new URL(address).host, connection: 'close', ...length, ...headers }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return sendRaw(address, Buffer.concat([head, Buffer.from(body)]), ms)
}

function parse(text) {
  const [head, ...rest] = text.split('\r\n\r\n')
  const [first, ...lines] = head.split('\r\n')
  const headers = new Headers()
  for (const line of lines) {
    const at = line.indexOf(':')
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim())
  }
  const payload = unchunked(rest.join('\r\n\r\n'), headers)
  return { status: Number(first.split(' ')[1] ?? 0), headers, text: payload, body: json(payload) }
}

function unchunked(text, headers) {
  if (headers.get('transfer-encoding') !== 'chunked') return text
  let [out, rest] = ['', text]
  for (let size = parseInt(rest, 16); size > 0; size = parseInt(rest, 16)) {
    const from = rest.indexOf('\r\n') + 2
    out += rest.slice(from, from + size)
    rest = rest.slice(from + size + 2)
  }
  return out
}

function json(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
