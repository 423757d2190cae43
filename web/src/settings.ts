// What the Worker wrote into the page about itself (src/api/site.rs). Nothing of it is there before it is configured.

import type { Quality, Visibility } from './shapes'

const told = document.querySelector<HTMLMetaElement>('meta[name="settings"]')?.dataset ?? {}

export const settings = {
  signInUrl: told.signInUrl ?? null,
  /** Somebody else signs people in before they get here: Cloudflare Access, mostly. */
  access: told.access !== undefined,
  /** Whom they signed in, by id and by name: no script may read their cookie. */
  user: told.user ?? null,
  name: told.name ?? null,
  anonymousViewers: told.anonymousViewers !== undefined,
  quality: (told.quality ?? null) as Quality | null,
  visibility: (told.visibility ?? null) as Visibility | null,
}
