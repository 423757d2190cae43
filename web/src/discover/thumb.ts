// A card's picture: the thumbnail, or a drawn one in a colour of its own.

import { h, icon } from '../dom'

export function thumb(id: string, url: string | null, ...corners: (HTMLElement | null)[]) {
  const drawn = h('span', { class: 'drawn' })
  drawn.style.setProperty('--hue', String(hue(id)))
  const glyph = icon('play')
  glyph.classList.add('glyph')
  const picture = url && h('img', { src: url, alt: '', loading: 'lazy', decoding: 'async', width: 640, height: 360, on: { error: () => picture && picture.replaceWith(drawn, glyph) } })
  return h('div', { class: 'thumb' }, ...(picture ? [picture] : [drawn, glyph]), ...corners)
}

/** The same for the same id, and far apart for ids that are near. */
const hue = (id: string) => ([...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7) * 137) % 360
