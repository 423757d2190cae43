// A bearer token for curl, signed with AUTH_JWT_SECRET: `npm run -s token -- --user alice [--admin] [--minutes 60]`.
// Prints the token and nothing else.

import { createHmac } from 'node:crypto'
import { parseArgs } from 'node:util'
import { readDevVars } from './parts/dev-vars.mjs'
import { main, Stop } from './parts/steps.mjs'

/** A caller's token as a Supabase project would sign it. */
export function mint(secret, { user, admin = false, minutes = 60, now = Date.now() }) {
  const iat = Math.floor(now / 1000)
  const claims = { sub: user, role: admin ? 'service_role' : 'authenticated', iat, exp: iat + minutes * 60 }
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function options() {
  const usage = { remedy: 'npm run -s token -- --user alice [--admin] [--minutes 60]' }
  let values
  try {
    const text = { type: 'string' }
    values = parseArgs({ options: { user: text, admin: { type: 'boolean' }, minutes: { ...text, default: '60' } } }).values
  } catch (error) {
    throw new Stop(error.message, usage)
  }
  const minutes = Number(values.minutes)
  if (!values.user) throw new Stop('Whose token? --user names the user id.', usage)
  if (!(minutes > 0)) throw new Stop('--minutes is a number above 0.', usage)
  return { user: values.user, admin: values.admin, minutes }
}

await main(import.meta.url, async () => {
  const asked = options()
  const secret = process.env.AUTH_JWT_SECRET || readDevVars().AUTH_JWT_SECRET
  if (!secret) {
    throw new Stop('AUTH_JWT_SECRET is set neither in .dev.vars nor in the environment.', {
      remedy: 'cp .dev.vars.example .dev.vars',
    })
  }
  process.stdout.write(`${mint(secret, asked)}\n`)
})
