// A machine without `ps`: nobody could kill the Worker's process, so no test begins, instead of some that wait for ever.

import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { startWithClock } from './harness/clock.mjs'
import { startWorker } from './harness/worker.mjs'

for (const [name, starts] of Object.entries({ startWorker: () => startWorker(0, {}), startWithClock: () => startWithClock({}) })) {
  test(`${name} says what is missing`, async () => {
    const { PATH } = process.env
    process.env.PATH = tmpdir()
    try {
      await assert.rejects(starts, /`ps`.*procps/)
    } finally {
      process.env.PATH = PATH
    }
  })
}
