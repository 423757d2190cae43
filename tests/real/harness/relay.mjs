// Stands before another server and keeps what goes through, so that a test sees the very bytes: LiveKit's webhooks on their
// way to the Worker, the Worker's calls on their way to LiveKit, a recorder's uploads on their way to the bucket.
//
//     const relay = await startRelay(() => server.url)
//     relay.fault = ({ path }) => (path.endsWith('/DeleteRoom') ? { status: 503 } : null)

import { createServer, request as ask } from 'node:http'
import { connect } from 'node:net'

/** `target()` is asked at each request, for the other side may move. A `fault` of `{status, body}` is answered in its place. */
export async function startRelay(target, { host = '127.0.0.1', port = 0, name = host } = {}) {
  const passed = []
  const server = createServer(async (request, response) => {
    const entry = { method: request.method, path: request.url, headers: request.headers, at: Date.now(), status: null, answer: '' }
    passed.push(entry)
    try {
      entry.body = Buffer.concat(await request.toArray())
      const fault = await relay.fault?.(entry)
      const answer = fault ? { status: fault.status, headers: {}, body: Buffer.from(fault.body ?? '') } : await forward(target(), request, entry.body)
      entry.answer = answer.body.toString()
      entry.status = answer.status
      response.writeHead(answer.status, answer.headers).end(answer.body)
    } catch {
      // Nobody is there: the asking side sees a connection that breaks, as it would without us.
      response.destroy()
    }
  })
  // A participant's signalling connection is passed on as it is.
  server.on('upgrade', (request, socket, head) => {
    const { hostname, port } = new URL(target())
    const lines = request.rawHeaders.flatMap((text, i) => (i % 2 ? [] : `${text}: ${request.rawHeaders[i + 1]}`))
    const other = connect(Number(port), hostname, () => {
      other.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      other.write(head)
      socket.pipe(other).pipe(socket)
    })
    for (const [one, another] of [[socket, other], [other, socket]]) one.on('error', () => another.destroy()).on('close', () => another.destroy())
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const relay = {
    url: `http://${name}:${server.address().port}`,
    /** Each request so far, the oldest first: `{method, path, headers, body, at, status, answer}`; `status` null while it is under way. */
    passed,
    /** A function of one of them, or null. */
    fault: null,
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
  return relay
}

/** Headers and body as they came, `Host` too: a signature over it stays valid. */
function forward(target, { method, url, rawHeaders }, body) {
  const headers = rawHeaders.flatMap((text, i) => (i % 2 ? [] : [[text, rawHeaders[i + 1]]])).filter(([name]) => !/^(connection|transfer-encoding)$/i.test(name))
  if (body.length > 0 && !headers.some(([name]) => /^content-length$/i.test(name))) headers.push(['content-length', String(body.length)])
  return new Promise((resolve, reject) => {
    const asked = ask(new URL(url, target), { method, headers: headers.flat(), setHost: false }, async (answer) => {
      const { connection: _, 'transfer-encoding': __, ...rest } = answer.headers
      answer.toArray().then((chunks) => resolve({ status: answer.statusCode, headers: rest, body: Buffer.concat(chunks) }), reject)
    })
    asked.on('error', reject).end(body)
  })
}
