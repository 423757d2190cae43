// The options of `npm run deploy`. They are wrangler's own, and two kinds of them concern more than its `deploy`: those that
// say which database and account are meant, and a dry run, by all the spellings that wrangler takes.

import path from 'node:path'
import { parseArgs } from 'node:util'
import { Stop } from './steps.mjs'

/** What wrangler's commands have in common, with a value each. */
const COMMON = {
  config: { type: 'string', short: 'c' },
  env: { type: 'string', short: 'e' },
  cwd: { type: 'string' },
  profile: { type: 'string' },
  c: { type: 'string' },
  e: { type: 'string' },
  'env-file': { type: 'string', multiple: true },
  envFile: { type: 'string', multiple: true },
}
/** With two dashes as well, for that is how wrangler reads its aliases. */
const ALIASES = { c: 'config', e: 'env' }
const DRY_RUN = ['dry-run', 'dryRun', 'no-dry-run', 'no-dryRun']

/** `{dry, config, common, all}`: `config` is the file's name, `common` for every command, `all` for `deploy`; neither has the dry run. */
export function deployOptions(args) {
  const { tokens } = parseArgs({ args, options: COMMON, strict: false, allowPositionals: true, tokens: true })
  const found = { dry: false, common: [], all: [] }
  const named = { cwd: '', config: 'wrangler.toml' }
  let taken = -1
  for (const token of tokens) {
    if (token.index === taken) continue
    taken = token.index // Letters that are written together have one index.
    const name = ALIASES[token.name] ?? token.name
    if (token.kind === 'option' && COMMON[name]) {
      named[name] = valueOf(token)
      const option = `--${name}=${named[name]}`
      found.common.push(option)
      found.all.push(option)
    } else if (token.kind === 'option' && DRY_RUN.includes(token.name)) {
      const next = args[token.index + 1]
      const apart = token.value === undefined && ['true', 'false'].includes(next)
      if (apart) taken = token.index + 1
      found.dry = isYes(token.rawName, token.value ?? (apart ? next : 'true')) !== token.name.startsWith('no-')
    } else {
      found.all.push(args[token.index])
    }
  }
  return { ...found, config: path.join(named.cwd, named.config) }
}

/** `-e=name` is wrangler's too. */
function valueOf({ rawName, value, inlineValue }) {
  const given = inlineValue && !rawName.startsWith('--') ? value.replace(/^=/, '') : value
  if (given === undefined || (!inlineValue && given.startsWith('-'))) throw new Stop(`${rawName} needs a value.`)
  return given
}

/** wrangler takes any other word for "no", and would deploy. */
function isYes(name, value) {
  if (value !== 'true' && value !== 'false') throw new Stop(`${name} is true or false, not ${value}.`)
  return value === 'true'
}
