// Local ports.

import { createServer } from 'node:net'

/** Whether somebody could listen there now. */
export function isFree({ host, port }) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Below the ports that systems lend to outgoing connections (from 32768 on Linux, from 49152 elsewhere). */
const [FIRST, LAST] = [20_000, 32_000]

/**
 * A port that nobody listens on now; for a program that has to know another's address before that one has started. By lot,
 * and none that an outgoing connection could take in the meantime.
 */
export async function freePort(host = '127.0.0.1') {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (await isFree({ host, port })) return port
  }
}
