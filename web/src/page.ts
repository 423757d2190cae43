// What every page has: the account, the theme, and a word when the session is about to end.

import { byId, foreign, h, icon, put } from './dom'
import { say, toast } from './say'
import { borrowSession, onSession, session, signIn, signInTrouble, signOut } from './session'
import { settings } from './settings'

/** So long before its end somebody is asked to sign in again. */
const BEFORE_END_MS = 5 * 60_000

/** Starts the page's frame. `live()`: whether leaving the page would end a broadcast. */
export async function start({ live = () => false }: { live?: () => boolean } = {}) {
  await borrowSession()
  const draw = () => drawAccount(live)
  draw()
  onSession(draw)
  byId('theme').addEventListener('click', otherTheme)
  if (signInTrouble) void toast(signInTrouble, { ms: 12_000 })
  for (const event of ['online', 'offline']) addEventListener(event, showOffline)
  showOffline()
}

function drawAccount(live: () => boolean) {
  const who = session()
  const account = byId('account')
  if (who) {
    put(account, h('span', { class: 'who', title: who.user }, foreign(who.name)),
      h('button', { type: 'button', class: 'quiet', on: { click: () => signOut() } }, 'Sign out'))
    warnInTime(who.expiresAt, live)
  } else if (settings.signInUrl) {
    put(account, h('button', { type: 'button', on: { click: () => signIn({ tab: live() }) } }, 'Sign in'))
  } else put(account)
}

let warning: ReturnType<typeof setTimeout> | undefined

function warnInTime(expiresAt: number, live: () => boolean) {
  clearTimeout(warning)
  const wait = expiresAt - Date.now() - BEFORE_END_MS
  // Longer than a timer can wait (24.8 days) is as good as never.
  if (!settings.signInUrl || !(wait < 2 ** 31 - 1)) return
  warning = setTimeout(async () => {
    if (session()?.expiresAt !== expiresAt) return
    const stay = await toast('Your session ends in a few minutes.', { action: 'Stay signed in', ms: BEFORE_END_MS })
    if (stay) signIn({ tab: live() })
  }, Math.max(0, wait))
}

function otherTheme() {
  const root = document.documentElement
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  root.dataset.theme = dark ? 'light' : 'dark'
  localStorage.setItem('theme', root.dataset.theme)
  say(`${dark ? 'Light' : 'Dark'} theme`)
}

function showOffline() {
  byId('offline').hidden = navigator.onLine
}

/** A button that signs in, or what to do where this site has no sign-in page of its own. */
export function signInOffer(why: string) {
  return h('div', { class: 'empty' }, icon('lock'), h('h2', {}, 'You are not signed in'), h('p', {}, why),
    settings.signInUrl
      ? h('button', { type: 'button', class: 'primary', on: { click: () => signIn() } }, 'Sign in')
      : h('p', { class: 'hint' }, 'This site has no sign-in page of its own. Behind Cloudflare Access, load the page again; else whoever runs it sets SIGN_IN_URL. In development, open the link that npm run dev prints.'))
}
