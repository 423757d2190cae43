// A module around a Worker whose D1 answers from memory, so that what is left is the Worker's own work: the first batch of each text
// goes to the real D1, every later one gets the same rows at once. Other ids in its parameters do not matter to the three routes.
// The same for both Workers, whichever calls of D1's interface they use.

export const replayedD1 = `
import Worker from './index.js'
const kept = new Map()
const once = (key, ask) => {
  if (!kept.has(key)) kept.set(key, ask())
  return kept.get(key)
}
const replayed = (db) => ({
  prepare: (sql) => {
    const bound = (real) => ({
      sql,
      real,
      first: () => once('first ' + sql, () => real.first()),
      all: () => once('all ' + sql, () => real.all()),
      run: () => once('run ' + sql, () => real.run()),
    })
    return { bind: (...values) => bound(db?.prepare(sql).bind(...values)) }
  },
  batch: (all) => once(all.map(({ sql }) => sql).join(';'), () => db.batch(all.map(({ real }) => real))),
})
// A Worker is a class or an object of handlers.
const around = (env) => ({ ...env, DB: replayed(env.DB) })
const isClass = typeof Worker === 'function'
const asClass = () => class extends Worker { constructor(context, env) { super(context, around(env)) } }
export default isClass ? asClass() : { fetch: (request, env, context) => Worker.fetch(request, around(env), context) }
`
