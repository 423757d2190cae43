// What the test run ends with when tests were not run: never just left out.

const LINE = '!'.repeat(80)

/** `entries` (`{why, title}`) of `what`, grouped by what is missing: `{note, notRun}`, or nothing. */
export function notRun(what, entries) {
  if (entries.length === 0) return {}
  const reasons = [...new Set(entries.map(({ why }) => why))]
  const block = reasons.map((reason) => {
    const titles = entries.filter(({ why }) => why === reason).map(({ title }) => `      ${title}`)
    return [`  ${reason}`, ...titles.sort()].join('\n')
  })
  const head = `NOT RUN: ${entries.length} of ${what}`
  return { note: `${entries.length} NOT RUN, see below`, notRun: [LINE, head, ...block, LINE].join('\n') }
}

/** A line of node's spec reporter about a test that was skipped, as `{why, title}`; null for any other line. */
export function skippedIn(line) {
  const [, title, why] = /^\s*﹣ (.+?) \([\d.]+ms\) # (.+)$/.exec(line) ?? []
  return title ? { why: why === 'SKIP' ? 'skipped without a reason' : why, title } : null
}
