// The sign-in page of `npm run dev`: whoever comes picks a name and goes back with a token, as from a real provider.
// It listens on this machine only and signs with the secret in .dev.vars, which a deployed Worker does not have.

import { createServer } from 'node:http'
import { mint } from '../token.mjs'

export const people = [
  { user: 'alice', about: 'has the first recording' },
  { user: 'bob', about: 'watches' },
  { user: 'admin', about: 'may open Set-up', admin: true },
]

/** Where somebody goes back to, with what a sign-in page leaves there. */
export function signedIn(secret, { user, admin = false }, redirectTo, minutes = 60) {
  const expires = Math.floor(Date.now() / 1000) + minutes * 60
  const token = mint(secret, { user, admin, minutes })
  const back = new URLSearchParams({ access_token: token, expires_at: expires, expires_in: minutes * 60, refresh_token: 'none-here', token_type: 'bearer' })
  return `${redirectTo}#${back}`
}

/** The link that signs in at once. The pages take it on this machine alone. */
export const demoLink = (secret, origin, person = people[0]) => `${origin}/discover#demo=1&access_token=${mint(secret, { ...person, minutes: 12 * 60 })}`

/** Starts it: `{url, stop}`. */
export async function startSignIn(secret) {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url, 'http://127.0.0.1')
    const back = searchParams.get('redirect_to') ?? ''
    const person = people.find(({ user }) => user === searchParams.get('as'))
    if (!URL.canParse(back) || !['127.0.0.1', 'localhost'].includes(new URL(back).hostname)) {
      return response.writeHead(400, { 'content-type': 'text/plain' }).end('redirect_to is an address on this machine')
    }
    if (person) return response.writeHead(303, { location: signedIn(secret, person, back) }).end()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(page(back))
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => (server.closeAllConnections(), server.close()) }
}

const page = (back) => `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in (development)</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { display: grid; place-content: center; min-height: 90vh; gap: .75rem; margin: 1rem }
a { display: grid; padding: .8rem 1.2rem; border: 1px solid #8889; border-radius: .7rem; color: inherit; text-decoration: none }
a:hover, a:focus { outline: 3px solid #6c5ce7 }
small { opacity: .75 }
</style>
<h1>Sign in as</h1>
${people.map(({ user, about }) => `<a href="?as=${user}&amp;redirect_to=${encodeURIComponent(back)}"><b>${user}</b><small>${about}</small></a>`).join('\n')}
<small>Development only. Your own sign-in page takes this place by SIGN_IN_URL.</small></html>`
