// What a person sees while something takes time, and when it cannot go on.
//
// A step is one line with its seconds. On a terminal the line counts while the step runs; elsewhere (CI, a pipe) a
// long step says every half minute that it is alive.

import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const live = process.stdout.isTTY && !process.env.CI
const CLEAR = live ? '\r\x1b[2K' : ''
const HEARTBEAT_MS = live ? 1_000 : 30_000

/** A reason to end that a person can act on: no stack trace, one remedy. */
export class Stop extends Error {
  constructor(message, { remedy, detail } = {}) {
    super(message)
    this.remedy = remedy
    this.detail = detail
  }
}

/** A line of its own, also while a step is counting. */
export const print = (line) => process.stdout.write(`${CLEAR}${line}\n`)

/** Runs `work(say)`. `say` tells what it is doing; a text that `work` returns is put beside the title. */
export async function step(title, work) {
  const began = performance.now()
  let doing = ''
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
  const beat = () => {
    const line = `… ${title}${doing && `: ${doing}`}  ${seconds()}`
    process.stdout.write(live ? `${CLEAR}${line.slice(0, (process.stdout.columns || 80) - 1)}` : `${line}\n`)
  }
  const timer = setInterval(beat, HEARTBEAT_MS)
  const say = (text) => {
    const first = doing === ''
    doing = text
    if (live || first) beat()
  }
  const close = (mark, note) => {
    clearInterval(timer)
    print(`${mark} ${title}${note ? ` (${note})` : ''}  ${seconds()}`)
  }
  try {
    const note = await work(say)
    close('✓', typeof note === 'string' ? note : '')
    return note
  } catch (error) {
    close('✗', '')
    throw error
  }
}

/** Runs a script's main function when the file was started itself, and turns its error into an exit code. */
export async function main(url, work) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== fileURLToPath(url)) return
  try {
    await work()
  } catch (error) {
    process.exitCode = 1
    report(error)
  }
}

export function report(error) {
  if (!(error instanceof Stop)) return console.error(error)
  if (error.detail) console.error(`\n${error.detail.trimEnd()}`)
  console.error(`\n${error.message}`)
  if (error.remedy) console.error(`\n    ${error.remedy}\n`)
}
