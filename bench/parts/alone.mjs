// A module around a Worker that shows its own work alone:
//
// - D1 answers from memory. The first batch of each text goes to the real D1, every later one gets the same rows at once; that other ids
//   stand in its parameters does not matter to the three routes. All of D1's interface that the two Workers use is here.
// - A request with `x-bench-times` is answered so many times, one after the other, and goes over HTTP once; so HTTP is a hundredth.
// - With `x-bench-silent` nothing is logged.
//
// It is the same for both Workers and for the empty one, which shows what this module itself takes.

export const alone = `
import Worker from './index.js'
const kept = new Map()
const once = (key, ask) => {
  if (!kept.has(key)) kept.set(key, ask())
  return kept.get(key)
}
const bound = (sql, real) => ({ sql, real, first: () => once('first ' + sql, () => real().first()) })
const replayed = (db) => ({
  prepare: (sql) => ({ bind: (...values) => bound(sql, () => db.prepare(sql).bind(...values)) }),
  batch: (all) => once(all.map(({ sql }) => sql).join(';'), () => db.batch(all.map(({ real }) => real()))),
})
const log = console.log
async function again(request, answer) {
  const times = Number(request.headers.get('x-bench-times') ?? 1)
  console.log = request.headers.has('x-bench-silent') ? () => {} : log
  const headers = [...request.headers].filter(([name]) => !name.startsWith('x-bench-'))
  const { method, url } = request
  const body = method === 'GET' ? undefined : await request.text()
  let status
  for (let left = times; ; left--) {
    const answered = await answer(new Request(url, { method, headers, body }))
    status ??= answered.status
    if (answered.status !== status) return new Response('not always the same status', { status: 500 })
    if (left === 1) return answered
  }
}
const around = (env) => ({ ...env, DB: replayed(env.DB) })
// A Worker is a class or an object of handlers.
const ofClass = () => class extends Worker {
  constructor(context, env) { super(context, around(env)) }
  fetch(request) { return again(request, (one) => super.fetch(one)) }
}
const ofObject = () => ({ fetch: (request, env, context) => again(request, (one) => Worker.fetch(one, around(env), context)) })
export default typeof Worker === 'function' ? ofClass() : ofObject()
`
