// Who is signed in, and how people come back from the sign-in page.
//
// The access token lives in this tab (sessionStorage) and is handed to other tabs of this site when they ask. A refresh
// token is never kept: it would outlive the tab. Behind Cloudflare Access there is no token here at all: its cookie goes
// along with every call, and the Worker wrote into the page whose it is.

import { settings } from './settings'

export interface Session {
  /** Null: signed in by Cloudflare Access. */
  token: string | null
  /** The user id. */
  user: string
  /** What a person would call it: name, address, or the id. */
  name: string
  /** Milliseconds; the server is the judge of it. */
  expiresAt: number
}

/** How a return from the sign-in page went, when it went wrong. The text is foreign. */
export let signInTrouble: string | null = null

const TOKEN = 'session.token'
const STARTED = 'session.started'
const STATE = 'session.state'
/** A sign-in that takes longer is started anew. */
const MOST_MS = 15 * 60_000
const elsewhere = new BroadcastChannel('session')
const changed = new EventTarget()

let current: Session | null = null
/** Nobody is signed in because somebody signed out; else a session ended, and who had it is still there. */
export let signedOut = false

/** Nothing is awaited before the token has left the address bar. */
const returned = takeReturn()
if (settings.user !== null) current = { token: null, user: settings.user, name: settings.name ?? settings.user, expiresAt: Infinity }
else if (returned) signedIn(returned)
else current = readable(sessionStorage.getItem(TOKEN))
addEventListener('hashchange', () => {
  const token = takeReturn()
  if (token) signedIn(token)
})

// A page that comes back out of the browser's memory may be of somebody who has signed out at Access meanwhile.
addEventListener('pageshow', ({ persisted }) => persisted && settings.access && location.reload())

elsewhere.onmessage = ({ data }) => {
  if (data?.ask && current?.token) elsewhere.postMessage({ token: current.token })
  else if (data?.out) leave(false, true)
  else if (typeof data?.token === 'string' && (!current || data.renewed)) accept(data.token)
}

export const session = () => current
export const onSession = (heard: () => void) => changed.addEventListener('change', heard)

/** In a new tab, the token of another one, if there is one. */
export async function borrowSession() {
  if (current || !localStorage.getItem(STARTED)) return
  const answered = new Promise<void>((resolve) => changed.addEventListener('change', () => resolve(), { once: true }))
  elsewhere.postMessage({ ask: true })
  await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 150))])
}

/** A return from the sign-in page: the other tabs get the new token too. */
function signedIn(token: string) {
  if (accept(token)) elsewhere.postMessage({ token, renewed: true })
}

/** Whom Access signed in is nobody else by a token: calls would be the one's and the page the other's. */
function accept(token: string): boolean {
  const read = settings.user === null ? readable(token) : null
  if (!read) return false
  current = read
  signedOut = false
  sessionStorage.setItem(TOKEN, token)
  localStorage.setItem(STARTED, '1')
  changed.dispatchEvent(new Event('change'))
  return true
}

/** Leaves for the sign-in page, which comes back to this very address with the one-time state. `tab`: in a new tab, while live. */
export function signIn({ tab = false } = {}) {
  if (!settings.signInUrl) return
  const state = crypto.randomUUID()
  // Of the whole address: a path that begins with `//` would by itself be another host.
  const here = new URL(location.href)
  here.hash = ''
  const back = new URL(here)
  back.search = `?signin=${state}`
  const there = new URL(settings.signInUrl)
  there.searchParams.set('redirect_to', back.href)
  const started = JSON.stringify({ state, back: tab ? null : here.href, at: Date.now() })
  // A new tab starts with a copy of nothing: the state travels by localStorage, once.
  ;(tab ? localStorage : sessionStorage).setItem(STATE, started)
  if (tab) open(there.href, '_blank', 'noopener')
  else location.assign(there.href)
}

export function signOut() {
  if (current?.token) leave(true, true)
  // Signed in by Access this page is until it is left, and a broadcast may keep it.
  else elsewhere.postMessage({ out: true })
  if (settings.access) location.assign('/cdn-cgi/access/logout')
}

/** The server took the token for none, or it was given up: forgets it. */
export function leave(tell: boolean, byHand = false) {
  // Here the session may have ended already: that somebody signed out is news all the same.
  if (!current && (!byHand || signedOut)) return
  current = null
  signedOut = byHand
  sessionStorage.removeItem(TOKEN)
  localStorage.removeItem(STARTED)
  if (tell) elsewhere.postMessage({ out: true })
  changed.dispatchEvent(new Event('change'))
}

/** Reads what a sign-in page left in the address, and removes it there. A token counts only with the state that we gave. */
function takeReturn(): string | null {
  const hash = new URLSearchParams(location.hash.slice(1))
  const query = new URLSearchParams(location.search)
  const token = hash.get('access_token')
  const error = hash.get('error_description') ?? hash.get('error') ?? query.get('error_description') ?? query.get('error')
  const state = query.get('signin')
  if (!token && !error && !state) return null
  const started = takeStarted(state)
  for (const name of ['signin', 'error', 'error_code', 'error_description', 'code', 'sb']) query.delete(name)
  const here = new URL(location.href)
  here.search = query.toString()
  here.hash = ''
  history.replaceState(history.state, '', started?.back ?? here.href)
  if (token && (started || isDemo(hash))) return token
  if (token) signInTrouble = 'A link tried to sign you in. It was not started from here, so nothing was done.'
  else if (error) signInTrouble = `The sign-in page says: ${error}`
  else signInTrouble = 'The sign-in page came back without a token. Its “implicit” flow is needed here, not PKCE.'
  return null
}

function takeStarted(state: string | null): { back: string | null } | null {
  for (const store of [sessionStorage, localStorage]) {
    const text = store.getItem(STATE)
    if (!text || !state) continue
    const started = JSON.parse(text)
    if (started.state !== state) continue
    store.removeItem(STATE)
    if (Date.now() - started.at < MOST_MS) return started
  }
  return null
}

/** The link that `npm run dev` prints. A deployed Worker is never on this machine, so there it counts for nothing. */
function isDemo(hash: URLSearchParams) {
  return hash.has('demo') && ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname)
}

/** What the token says of itself. Whether it is true, the server knows. */
function readable(token: string | null): Session | null {
  try {
    const part = token!.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/')
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))))
    const name = claims.user_metadata?.full_name ?? claims.user_metadata?.name ?? claims.name ?? claims.email ?? claims.sub
    return { token: token!, user: String(claims.sub ?? claims.role ?? ''), name: String(name ?? 'you'), expiresAt: Number(claims.exp) * 1000 }
  } catch {
    return null
  }
}
