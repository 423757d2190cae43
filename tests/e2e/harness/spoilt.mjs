// The ways in which an answer of LiveKit's is spoilt: those that were seen, and those that were read of.

/** It was not done, or its answer is only late. */
export const notDone = {
  'comes after 3 s': { delay_ms: 3_000 },
  'is 429': { status: 429 },
  'is 500': { status: 500 },
  'is 503': { status: 503 },
  'is a 401 in plain text': { status: 401, form: 'plain' },
  'is a proxy’s 502': { status: 502, form: 'html' },
  'is cut off before LiveKit acted': { cut: true },
}
/** It was done all the same. */
export const done = {
  'is 500, and it was done': { status: 500, acts: true },
  'is a proxy’s 502, and it was done': { status: 502, form: 'html', acts: true },
  'is cut off after LiveKit acted': { cut: true, acts: true },
}
