// Bearer tokens of every kind, made with jose: a second implementation beside the Worker's own.

import { SignJWT } from 'jose'
import { authSecret } from './harness.mjs'

const now = () => Math.floor(Date.now() / 1000)
const bytes = (text) => new TextEncoder().encode(text)
const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Claims of a signed-in user; `undefined` leaves one out. */
export const claims = (user, more = {}) => ({ sub: user, role: 'authenticated', aud: 'authenticated', iat: now(), exp: now() + 3600, ...more })

/** A token with these claims. `key` is a secret's text, or a private key of jose's. */
export function signed(payload, { key = authSecret, alg = 'HS256', ...header } = {}) {
  return new SignJWT(payload).setProtectedHeader({ alg, typ: 'JWT', ...header }).sign(typeof key === 'string' ? bytes(key) : key)
}

/** A token in three parts as they are given, whatever they say. */
export const assembled = (header, payload, signature = '') => `${part(header)}.${part(payload)}.${signature}`

/** Callers whose token is refused with 401 wherever it is looked at: `{what it is: authorization header}`. */
export async function refusedCallers({ livekitToken, livekitSecret }) {
  const good = await signed(claims('alice'))
  const [head, , signature] = good.split('.')
  const none = (alg) => assembled({ alg, typ: 'JWT' }, claims('alice', { role: 'service_role' }))
  const bearers = {
    'one word': 'garbage',
    'three words with dots': 'not.a.token',
    'base64 of no JSON': assembled('nothing', 'nothing', 'AAAA'),
    'two parts': good.split('.').slice(0, 2).join('.'),
    'four parts': `${good}.AAAA`,
    'longer than 8 KiB': await signed(claims('alice', { pad: 'x'.repeat(9_000) })),
    expired: await signed(claims('alice', { exp: now() - 120 })),
    'not yet valid': await signed(claims('alice', { nbf: now() + 120 })),
    'without exp': await signed(claims('alice', { exp: undefined })),
    'exp as text': await signed(claims('alice', { exp: 'tomorrow' })),
    'wrong secret': await signed(claims('alice'), { key: `${authSecret}x` }),
    "LiveKit's secret": await signed(claims('alice'), { key: livekitSecret }),
    'alg none': none('none'),
    'alg None': none('None'),
    'alg none with the signature of another': `${none('none')}${signature}`,
    'alg HS384 with the right secret': await signed(claims('alice'), { alg: 'HS384' }),
    'another payload under the signature': `${head}.${part(claims('bob'))}.${signature}`,
    'signature cut short': good.slice(0, -2),
    'a critical extension': assembled({ alg: 'HS256', crit: ['x'], x: 1 }, claims('alice'), signature),
    "LiveKit's own join token": livekitToken,
    'a video claim, signed with the right secret': await signed(claims('alice', { video: { roomJoin: true } })),
    'an empty video claim': await signed(claims('alice', { video: {} })),
    'video: null': await signed(claims('alice', { video: null })),
    'a video claim of the service role': await signed(claims(undefined, { role: 'service_role', video: {} })),
    "the service's name as a user's": await signed(claims('service_role')),
    'a user id of 300 letters': await signed(claims('a'.repeat(300))),
    'a user id with a line break': await signed(claims('alice\nadmin')),
    'RS256 without AUTH_JWKS_URL': assembled({ alg: 'RS256', typ: 'JWT' }, claims('alice'), signature),
  }
  const others = { 'no Bearer': good, Basic: `Basic ${Buffer.from('alice:alice').toString('base64')}`, 'Bearer and nothing': 'Bearer ' }
  return { ...Object.fromEntries(Object.entries(bearers).map(([what, token]) => [what, `Bearer ${token}`])), ...others }
}

/** Callers who are nobody: enough for what is public, and never a 401 by itself. `{what it is: headers}`. */
export async function anonymousCallers() {
  const bearer = async (payload) => ({ authorization: `Bearer ${await signed(payload)}` })
  return {
    'no token': {},
    'an empty header': { authorization: '' },
    "Supabase's anon JWT": await bearer(claims(undefined, { role: 'anon', iss: 'supabase' })),
    'the role anon with a sub': await bearer(claims('alice', { role: 'anon' })),
    'no sub': await bearer(claims(undefined)),
    'an empty sub': await bearer(claims('')),
    "Supabase's publishable key": { authorization: 'Bearer sb_publishable_0123456789abcdef', apikey: 'sb_publishable_0123456789abcdef' },
    "Access's header without AUTH_JWKS_URL": { 'cf-access-jwt-assertion': await signed(claims('alice')) },
    'a cookie': { cookie: `CF_Authorization=${await signed(claims('alice'))}` },
  }
}

/** Signed-in callers of each kind: `{what it is: headers}`. `root` is in ADMIN_USER_IDS. */
export async function signedInCallers() {
  const bearer = async (payload) => ({ authorization: `Bearer ${await signed(payload)}` })
  const service = { role: 'service_role' }
  return {
    owner: {
      alice: await bearer(claims('alice')),
      'alice, her claims and nothing more': await bearer({ sub: 'alice', exp: now() + 60 }),
      'alice, bearer in lower case': { authorization: `bearer ${await signed(claims('alice'))}` },
    },
    admin: {
      'root, by ADMIN_USER_IDS': await bearer(claims('root')),
      'service_role with a sub': await bearer(claims('ops', service)),
      'service_role without a sub': await bearer(claims(undefined, service)),
    },
    stranger: {
      bob: await bearer(claims('bob')),
      'alice in capitals': await bearer(claims('Alice')),
      'alice with a blank': await bearer(claims('alice ')),
      "a viewer's identity of alice": await bearer(claims('alice~abcdefgh')),
      'an admin only by user_metadata': await bearer(claims('mallory', { user_metadata: { role: 'service_role', sub: 'alice' } })),
      'roles as a list': await bearer(claims('mallory', { role: ['service_role'] })),
    },
  }
}
