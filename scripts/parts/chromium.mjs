// Finds a Chromium, for tests that need a browser.

import { findOnPath, isExecutable } from './processes.mjs'
import { Stop } from './steps.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const MACS = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium']

/** Its path: from CHROMIUM, from PATH, or where a Mac keeps it. Null where there is none. */
export function findChromium() {
  const named = process.env.CHROMIUM
  if (named && !isExecutable(named)) throw new Stop(`CHROMIUM names no program: ${named}`)
  return named || NAMES.map(findOnPath).find(Boolean) || MACS.find(isExecutable) || null
}
