// A level meter for a microphone: the eye's proof that it hears.

import { h } from '../dom'

/** 12 pictures a second: more is not seen, and costs battery. */
const EVERY_MS = 80
/** Speech at arm's length is some −40 to −10 dB of full scale. */
const [SILENT_DB, LOUD_DB] = [-60, -8]

export function meter() {
  const bar = h('span', {})
  const element = h('div', { class: 'meter', role: 'meter', 'aria-label': 'Microphone level', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 0 }, bar)
  let stop = () => {}
  return {
    element,
    /** Follows a stream's sound until the next call. */
    follow(stream: MediaStream | null) {
      stop()
      stop = () => {}
      if (!stream?.getAudioTracks().length) return
      const context = new AudioContext()
      const analyser = context.createAnalyser()
      context.createMediaStreamSource(stream).connect(analyser)
      const samples = new Float32Array(analyser.fftSize)
      const timer = setInterval(() => {
        analyser.getFloatTimeDomainData(samples)
        const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
        const level = Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-12) - SILENT_DB) / (LOUD_DB - SILENT_DB)))
        bar.style.transform = `scaleX(${level.toFixed(3)})`
        element.setAttribute('aria-valuenow', String(Math.round(level * 100)))
      }, EVERY_MS)
      stop = () => {
        clearInterval(timer)
        void context.close()
        bar.style.transform = 'scaleX(0)'
      }
    },
  }
}
