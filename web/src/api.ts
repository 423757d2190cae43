// Calls to the Worker.

import { leave, session } from './session'

/** An answer that is not a success, or none at all. */
export class Failure extends Error {
  constructor(
    /** 0: nobody answered. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message)
  }

  get offline() {
    return this.code === 'offline'
  }
}

interface Options {
  body?: unknown
  signal?: AbortSignal
  /** Goes on when the page is left. */
  keepalive?: boolean
  /** A refusal's body is an answer too. */
  alsoRefused?: boolean
}

/** The server's clock less ours, by its `Date` header: elapsed times are counted from the server's beginnings. */
let offset = 0
export const serverNow = () => Date.now() + offset

/** Calls a route and reads its JSON. Throws a `Failure`, or what `signal` was aborted with. */
export async function call<T>(method: string, path: string, { body, signal, keepalive = false, alsoRefused = false }: Options = {}): Promise<T> {
  const blob = body instanceof Blob
  // Access answers 401 to such a call in place of leading it to another origin.
  const headers: Record<string, string> = { 'X-Requested-With': 'XMLHttpRequest' }
  const who = session()
  if (who?.token) headers.Authorization = `Bearer ${who.token}`
  // Without a body too: a write known by Access's cookie alone counts only as something that no form could send.
  if (blob) headers['Content-Type'] = body.type
  else if (method !== 'GET' && method !== 'HEAD') headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(path, {
      method, headers, keepalive,
      ...(signal && { signal }),
      ...(body !== undefined && { body: blob ? body : JSON.stringify(body) }),
    })
  } catch {
    signal?.throwIfAborted()
    throw new Failure(0, 'offline', 'The server cannot be reached.')
  }
  const date = Date.parse(response.headers.get('date') ?? '')
  if (date) offset = date - Date.now()
  const answer = await response.json().catch(() => null)
  if (response.ok || (alsoRefused && answer)) return answer as T
  // Only the very token that was refused: another tab may have brought a new one meanwhile.
  if (response.status === 401 && who?.token && session()?.token === who.token) leave(false)
  // Access's own, when its session is over. Nobody is sent away for it: what was typed is still in the page.
  const over = response.status === 401 && !answer?.code
  throw new Failure(
    response.status,
    answer?.code ?? 'unreadable',
    answer?.message ?? (over ? 'Your session is over.' : `The server answered ${response.status}.`),
    answer?.hint ?? (over ? 'Load the page again to sign in.' : null),
    answer?.requestId ?? response.headers.get('x-request-id'),
  )
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>('GET', path, signal ? { signal } : {})
export const post = <T>(path: string, body: unknown = {}) => call<T>('POST', path, { body })

/** Runs again and again, `ms()` apart (null ends it), never while the page is hidden. Returns what ends it. */
export function repeat(work: () => Promise<unknown>, ms: () => number | null): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false
  const plan = () => {
    clearTimeout(timer)
    const wait = ms()
    if (over || wait === null) return
    timer = setTimeout(run, wait)
  }
  const run = async () => {
    if (document.hidden) return
    await work().catch(() => {})
    plan()
  }
  const shown = () => document.hidden || over || run()
  document.addEventListener('visibilitychange', shown)
  plan()
  return () => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', shown)
  }
}
