// A sign-in provider's key server: serves a set, counts who asks, and fails when told to.

import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'

/** A key pair: `{privateKey, jwk}` with `kid` and `alg` in the public JWK. */
export async function keyPair(alg, kid, options = {}) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...options })
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** Serves `{keys}`. `say()` changes what it answers: `keys`, `body`, `status`, `hang`. */
export async function startKeyServer(...keys) {
  const state = { keys, fetches: 0, status: 200 }
  const server = createServer((request, response) => {
    state.fetches += 1
    if (state.hang) return
    response.writeHead(state.status, { 'content-type': 'application/json', ...state.headers })
    response.end(state.body ?? JSON.stringify({ keys: state.keys.map((key) => key.jwk ?? key) }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref() // A test that fails before it stops it must not keep the process.
  return {
    url: `http://127.0.0.1:${server.address().port}/.well-known/jwks.json`,
    fetches: () => state.fetches,
    say: (change) => Object.assign(state, change),
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
