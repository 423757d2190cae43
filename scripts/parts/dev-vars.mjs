// .dev.vars: the configuration of the local Worker, and which side of it is a stand-in.

import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { root } from './processes.mjs'
import { Stop } from './steps.mjs'

const file = (name) => path.join(root, name)

/** Makes .dev.vars from the example when there is none. */
export function createDevVars() {
  if (existsSync(file('.dev.vars'))) return ''
  copyFileSync(file('.dev.vars.example'), file('.dev.vars'))
  return 'made from .dev.vars.example'
}

/** The names that are set. An empty value is an unset one. */
export function readDevVars(name = '.dev.vars') {
  if (!existsSync(file(name))) return {}
  return Object.fromEntries(Object.entries(parseEnv(readFileSync(file(name), 'utf8'))).filter(([, value]) => value !== ''))
}

export const exampleVars = () => readDevVars('.dev.vars.example')

/**
 * `{host, port}` of the stand-in that `name` points to, or null when it points to a real service. Another port than the
 * usual one moves the stand-in there.
 */
export function standIn(vars, name, usualPort) {
  if (!vars[name]) return null // The Worker will say that it is missing.
  if (!URL.canParse(vars[name])) throw new Stop(`${name} in .dev.vars is not a URL.`)
  const { hostname, port } = new URL(vars[name])
  return isLoopback(hostname) ? { host: '127.0.0.1', port: Number(port || usualPort) } : null
}

/** The flags by which the S3 stand-in knows the key that LiveKit is handed, where that is another than ours. */
export function writerKey({ STORJ_ACCESS_KEY_ID: ours, STORJ_EGRESS_ACCESS_KEY_ID: key, STORJ_EGRESS_SECRET_ACCESS_KEY: secret }) {
  return key && secret && key !== ours ? ['--writer-key', `${key}:${secret}`] : []
}

/** PUBLIC_URL as it has to be when the Worker listens on `port`: a local address moves along, a public one stays. */
export function publicUrl(vars, port) {
  const local = `http://127.0.0.1:${port}`
  if (!vars.PUBLIC_URL || !URL.canParse(vars.PUBLIC_URL)) return vars.PUBLIC_URL ?? local
  return isLoopback(new URL(vars.PUBLIC_URL).hostname) ? local : vars.PUBLIC_URL
}

/** Whether an address is of this machine, or none. */
export const isLocal = (url) => !URL.canParse(url) || isLoopback(new URL(url).hostname)

const isLoopback = (hostname) => ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
