// Functions of a WebAssembly module by their names, other bodies for some of them, and what it exports. By reading it: Node's
// own compiler may not know yet what Cloudflare's does.
//
// The format: https://webassembly.github.io/spec/core/binary/modules.html; names: its appendix "Custom Sections".

const CUSTOM = 0
const IMPORTS = 2
const EXPORTS = 7
const CODE = 10
const FUNCTION_NAMES = 1
const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 }

/**
 * The module with other bodies: `choose(name)` gives the instructions (without locals and `end`) that stand for a function's
 * own, or null to leave it. Names are those of the module's name section.
 */
export function withBodies(module, choose) {
  const sections = [...readSections(module)]
  const names = functionNames(sections)
  const imported = importedFunctions(sections.find(({ id }) => id === IMPORTS))
  const parts = [module.subarray(0, 8)]
  for (const { id, whole, content } of sections) parts.push(id === CODE ? code(content, imported, names, choose) : whole)
  return Buffer.concat(parts)
}

/** The names of what the module exports. */
export function exportNames(module) {
  const section = [...readSections(module)].find(({ id }) => id === EXPORTS)
  const reader = new Reader(section.content)
  return Array.from({ length: reader.number() }, () => {
    const name = reader.text()
    reader.byte()
    reader.number()
    return name
  })
}

function* readSections(module) {
  const reader = new Reader(module, 8)
  while (!reader.done()) {
    const start = reader.at
    const id = reader.byte()
    const content = reader.take(reader.number())
    yield { id, content, whole: module.subarray(start, reader.at) }
  }
}

function functionNames(sections) {
  const names = new Map()
  for (const { content } of sections.filter(({ id }) => id === CUSTOM)) {
    const reader = new Reader(content)
    if (reader.text() !== 'name') continue
    while (!reader.done()) {
      const kind = reader.byte()
      const part = new Reader(reader.take(reader.number()))
      if (kind !== FUNCTION_NAMES) continue
      for (let left = part.number(); left > 0; left--) names.set(part.number(), part.text())
    }
  }
  return names
}

/** Imported functions have the first indices. */
function importedFunctions(section) {
  const reader = new Reader(section.content)
  let functions = 0
  for (let left = reader.number(); left > 0; left--) {
    reader.text()
    reader.text()
    const kind = reader.byte()
    if (kind === KIND.function) functions++
    if (kind === KIND.table || kind === KIND.global || kind === KIND.tag) reader.byte()
    if (kind === KIND.function || kind === KIND.tag) reader.number()
    if (kind === KIND.global) reader.byte()
    if (kind === KIND.table || kind === KIND.memory) reader.limits()
  }
  return functions
}

function code(content, imported, names, choose) {
  const reader = new Reader(content)
  const count = reader.number()
  const bodies = [number(count)]
  for (let index = imported; index < imported + count; index++) {
    const own = reader.take(reader.number())
    const other = choose(names.get(index) ?? '')
    const body = other ? Buffer.from([0, ...other, 0x0b]) : own
    bodies.push(number(body.length), body)
  }
  const all = Buffer.concat(bodies)
  return Buffer.concat([Buffer.from([CODE]), number(all.length), all])
}

/** Unsigned LEB128. */
function number(value) {
  const bytes = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}

class Reader {
  constructor(bytes, at = 0) {
    Object.assign(this, { bytes, at })
  }
  done = () => this.at >= this.bytes.length
  byte = () => this.bytes[this.at++]
  take = (length) => this.bytes.subarray(this.at, (this.at += length))
  text = () => this.take(this.number()).toString('utf8')
  number() {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.byte()
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
  }
  limits() {
    const hasMost = this.byte() & 1
    this.number()
    if (hasMost) this.number()
  }
}
