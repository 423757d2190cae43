// Shortcuts of the player, the same in every browser. They rest where somebody types or a control has the key itself.

import { h } from '../dom'
import { say } from '../say'

const KEYS: [string[], string, (video: HTMLVideoElement, stage: HTMLElement, key: string) => void][] = [
  [['Space', 'K'], 'play, pause', (video) => void (video.paused ? video.play().catch(() => {}) : video.pause())],
  [['J', 'L'], 'back, on by 10 seconds', (video, _, key) => seek(video, key === 'J' ? -10 : 10)],
  [['←', '→'], 'back, on by 5 seconds', (video, _, key) => seek(video, key === '←' ? -5 : 5)],
  [['0', '9'], 'to so many tenths', (video, _, key) => (video.currentTime = (video.duration || 0) * (Number(key) / 10))],
  [['M'], 'sound off, on', (video) => ((video.muted = !video.muted), say(video.muted ? 'Sound off' : 'Sound on'))],
  [['F'], 'whole screen', (_, stage) => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.().catch(() => {}))],
]

const seek = (video: HTMLVideoElement, by: number) => (video.currentTime = Math.min(Math.max(0, video.currentTime + by), video.duration || 0))

const NAMES: Record<string, string> = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→' }

export function keys(stage: HTMLElement, video: HTMLVideoElement) {
  const heard = (event: KeyboardEvent) => {
    if (!stage.isConnected) return document.removeEventListener('keydown', heard)
    const { target } = event
    const taken = target instanceof Element && target.closest('input, textarea, select, button, a, summary, dialog, video')
    if (taken || event.metaKey || event.ctrlKey || event.altKey || stage.querySelector('.over')) return
    const key = NAMES[event.key] ?? event.key.toUpperCase()
    const digit = /^[0-9]$/.test(key)
    const found = KEYS.find(([names]) => (digit ? names[0] === '0' : names.includes(key)))
    if (!found) return
    event.preventDefault()
    found[2](video, stage, key)
  }
  document.addEventListener('keydown', heard)
}

export const keyboardHelp = () =>
  h('details', {}, h('summary', {}, 'Keyboard'),
    h('dl', { class: 'keys' }, ...KEYS.flatMap(([names, text]) => [
      h('dt', {}, ...names.flatMap((name, i) => [i > 0 ? (name === '9' ? ' – ' : ' ') : '', h('kbd', {}, name)])),
      h('dd', {}, text),
    ])))
