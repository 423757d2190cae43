// Kills what another program started when that program is gone, however it went: SIGKILL leaves it no time to do so
// itself, and wrangler and workerd do not notice.
//
// Its standard input is the life line: lines `watch <pid>` and `forget <pid>` (a negative one is a process group); when
// it ends, whatever is still watched is killed.

import { createInterface } from 'node:readline'

const watched = new Set()
const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  const [word, pid] = line.split(' ')
  if (word === 'watch') watched.add(Number(pid))
  else watched.delete(Number(pid))
})
input.on('close', () => {
  for (const pid of watched) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Ended by itself.
    }
  }
  process.exit()
})
