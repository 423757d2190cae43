// D1 that fails when it is told to. A module around the built one hands the Worker a binding of its own, which passes
// everything on to the real one but for the batches that are to fail: before they reach it, or after it has committed.
//
//     const stage = await start({ around: faultyD1 })
//     const d1 = d1Of(stage)
//     await d1.fail({ skip: 2, times: 1, after: true })

export const faultyD1 = `
import Worker from './index.js'
let rules = []
let batches = 0
let failed = 0
const take = (sql) => {
  for (const rule of rules) {
    if (rule.left === 0 || !sql.includes(rule.on)) continue
    if (rule.skip > 0) rule.skip -= 1
    else {
      if (rule.left !== null) rule.left -= 1
      return rule
    }
  }
}
const faulty = (db) => {
  const texts = new WeakMap()
  return {
    prepare: (sql) => ({
      bind: (...values) => {
        const bound = db.prepare(sql).bind(...values)
        texts.set(bound, sql)
        return bound
      },
    }),
    async batch(statements) {
      batches += 1
      const rule = take(statements.map((one) => texts.get(one)).join(';'))
      if (!rule) return db.batch(statements)
      failed += 1
      if (rule.after) await db.batch(statements)
      throw new Error(rule.message)
    },
  }
}
export default class extends Worker {
  constructor(context, env) {
    super(context, { ...env, DB: faulty(env.DB) })
  }
  fetch(request) {
    const set = request.headers.get('x-test-d1')
    if (set === null) return super.fetch(request)
    const answer = Response.json({ batches, failed })
    if (set !== '') [rules, batches, failed] = [JSON.parse(set), 0, 0]
    return answer
  }
}
`

/** D1's own words for a failure that is not tried again, and for one that is. */
export const lasting = 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.'
export const passing = 'D1_ERROR: Network connection lost.'

export function d1Of(stage) {
  const tell = async (set) => (await fetch(stage.worker, { headers: { 'x-test-d1': set } })).json()
  const d1 = {
    /**
     * From now on batches whose SQL has `on` fail: `skip` pass first, then `times` of them (`null`: all), before they reach
     * D1 or `after` it has committed them. Answers the counts until now.
     */
    fail: ({ on = '', skip = 0, times = 1, after = false, message = lasting } = {}) =>
      tell(JSON.stringify([{ on, skip, left: times, after, message }])),
    /** All is well again; answers `{batches, failed}` since the last change. */
    heal: () => tell('[]'),
    counts: () => tell(''),
  }
  return d1
}
