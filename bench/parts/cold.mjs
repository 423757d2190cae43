// What it takes to load a Worker into a new isolate and have its first answer: workerd's Worker Loader makes an isolate for each request,
// in a process that runs already. So workerd's own start, and miniflare's, are not in it. Nor is Cloudflare's network, which keeps
// what it has compiled: there a wasm module need not be compiled each time, here it is.
//
// The first request is a bearer with another signature for `/livekit-token`: both Workers read their configuration, verify an HS256
// signature and answer 401, without D1, which cannot be handed to a loaded Worker.

import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { freePort } from '../../scripts/parts/ports.mjs'
import { root } from '../../scripts/parts/processes.mjs'
import { mint } from '../../scripts/token.mjs'
import { authSecret, usualVars } from '../../tests/e2e/harness/harness.mjs'
import { killWithUsAll, workerds } from '../../tests/e2e/harness/workerds.mjs'
import { filesOf } from './bundles.mjs'
import { cpuMs } from './cpu-time.mjs'
import { ask } from './requests.mjs'
import { median } from './rounds.mjs'
import { stopAtEnd } from './sides.mjs'

const names = ['ours', 'peer', 'empty']

/** Loads the side that the path names, anew each time, and passes the request on. `DB` is there and answers nothing. */
const loader = `
import sources from './sources.js'
const around = "import Worker from './index.js';"
  + "const without = (env) => ({ ...env, DB: { prepare() { throw new Error('no D1 here') } } });"
  + "export default typeof Worker === 'function'"
  + " ? class extends Worker { constructor(context, env) { super(context, without(env)) } }"
  + " : { fetch: (request, env, context) => Worker.fetch(request, without(env), context) }"
export default {
  fetch(request, { LOADER, VARS, COMPATIBILITY_DATE: compatibilityDate }) {
    const modules = { 'around.js': around, ...sources[new URL(request.url).pathname.slice(1)] }
    const stub = LOADER.get(null, () => ({ compatibilityDate, mainModule: 'around.js', modules, env: VARS }))
    return stub.getEntrypoint().fetch(new Request('http://worker/livekit-token', request))
  },
}
`

/** Each bundle's files as modules of the loader's own: text, or bytes for wasm. */
function sources() {
  const files = names.flatMap((side) => filesOf(side).map(({ name, bytes }) => ({ side, name, bytes, path: `${side}-${name}` })))
  const isWasm = ({ name }) => name.endsWith('.wasm')
  const modules = files.map((file) => ({ type: isWasm(file) ? 'Data' : 'Text', path: `${file.path}.raw`, contents: file.bytes }))
  const imports = files.map(({ path }, index) => `import f${index} from './${path}.raw'`)
  const of = (side) => files.map((file, index) => ({ ...file, index })).filter((file) => file.side === side)
  const entry = (file) => `'${file.name}': ${isWasm(file) ? `{ wasm: f${file.index} }` : `f${file.index}`}`
  const table = names.map((side) => `${side}: { ${of(side).map(entry).join(', ')} }`)
  return [...modules, { type: 'ESModule', path: 'sources.js', contents: `${imports.join('\n')}\nexport default { ${table.join(', ')} }` }]
}

/** Starts the process in which isolates are loaded; answers sides for `alternating`. */
export async function startCold() {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(path.join(root, 'wrangler.toml'))
  const { compatibilityDate } = workerOptions
  const others = await workerds()
  const vars = usualVars({ livekit: 'http://127.0.0.1:9', s3: 'http://127.0.0.1:9' }, 'http://127.0.0.1:9')
  const port = await freePort()
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'loader.js', contents: loader }, ...sources()],
      modulesRoot: '.',
      compatibilityDate,
      bindings: { VARS: vars, COMPATIBILITY_DATE: compatibilityDate },
      workerLoaders: { LOADER: {} },
      host: '127.0.0.1',
      port,
      cf: false,
      handleStructuredLogs: () => {},
    }),
  )
  await miniflare.ready.catch((error) => miniflare.dispose().finally(() => Promise.reject(error)))
  const pids = (await workerds()).filter((pid) => !others.includes(pid))
  const forget = killWithUsAll(pids)
  stopAtEnd({ stop: () => miniflare.dispose().then(forget) })
  return names.map((side) => ({ side, pids, worker: `http://127.0.0.1:${port}` }))
}

/** `{ms, cpu}` for each of `count` new isolates: the median until the answer, and the CPU. */
export async function coldStarts({ side, worker, pids }, count) {
  const token = `${mint(authSecret, { user: 'bob' }).slice(0, -4)}AAAA`
  const times = []
  const before = cpuMs(pids)
  for (let left = count; left > 0; left--) {
    const headers = { authorization: `Bearer ${token}` }
    const { status, text, ms } = await ask(worker, { method: 'POST', path: `/${side}`, headers, body: '{"roomName":"room-show"}' })
    if (status !== (side === 'empty' ? 200 : 401)) throw new Error(`${side}: a new isolate answered ${status}: ${text}`)
    times.push(ms)
  }
  return { ms: median(times), cpu: (cpuMs(pids) - before) / count }
}
