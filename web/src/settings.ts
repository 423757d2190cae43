// What the Worker wrote into the page about itself (src/api/site.rs).

import type { Quality, Visibility } from './shapes'

interface Settings {
  configured: boolean
  signInUrl: string | null
  /** Somebody else signs people in before they get here: Cloudflare Access, mostly. */
  access: boolean
  anonymousViewers: boolean
  quality: Quality | null
  visibility: Visibility | null
}

export const settings: Settings = JSON.parse(document.querySelector<HTMLMetaElement>('meta[name="settings"]')?.content || '{}')
