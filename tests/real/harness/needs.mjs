// What not every machine has. A test that needs such a thing and cannot be run goes on the list that `npm run test:real`
// ends with: never just left out.

import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { findChromium } from '../../../scripts/parts/chromium.mjs'
import { findOnPath } from '../../../scripts/parts/processes.mjs'

/** Each is null where it is there, else what to do about it. */
export const needs = {
  chromium: findChromium() ? null : 'no Chromium: install one, or name it in CHROMIUM',
  redis: findOnPath('redis-server') ? null : 'no redis-server on PATH, without which LiveKit takes no recorders: install it',
  recorder: process.env.LIVEKIT_EGRESS === '1' ? null : 'no real recorder: see compose.yaml, then LIVEKIT_EGRESS=1 npm run test:real',
  killer: process.env.EGRESS_KILL && process.env.EGRESS_START ? null : 'EGRESS_KILL and EGRESS_START are not set: the commands that kill the recorder and start it again',
}

/** The first of these that is not there. */
export const missing = (...names) => names.map((name) => needs[name]).find(Boolean) ?? null

/** A test that needs these. */
export function testWith(names, title, body) {
  const why = missing(...names)
  if (!why) return test(title, body)
  const file = path.basename(process.argv[1])
  if (process.env.NOT_RUN_LIST) appendFileSync(process.env.NOT_RUN_LIST, `${JSON.stringify({ why, title: `${file}: ${title}` })}\n`)
  test(title, { skip: why })
}
