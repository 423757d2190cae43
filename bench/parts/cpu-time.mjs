// How much CPU processes have used, from /proc (Linux). The kernel counts to the tick, here a hundredth of a second: what is measured
// should last a second or so.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Elsewhere there are no such numbers, and they are left out. */
export const hasCpuTime = existsSync('/proc/self/stat')

const TICK_MS = hasCpuTime ? 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : NaN

/** Milliseconds on a CPU so far, in user space and in the kernel, of all these processes with all their threads. */
export function cpuMs(pids) {
  if (!hasCpuTime) return NaN
  return pids.reduce((sum, pid) => {
    // The second field is a name in brackets, which may have blanks; times are the 14th and 15th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }, 0)
}
