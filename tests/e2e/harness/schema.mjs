// JSON Schema as far as openapi.json goes: what of a value does not fit, each with its place.

const kindOf = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value)

export function misfits(value, schema, schemas, place = '') {
  if (schema.$ref) return misfits(value, schemas[schema.$ref.split('/').at(-1)], schemas, place)
  const kind = kindOf(value)
  const bad = (what) => [`${place}: ${what}, not ${JSON.stringify(value)?.slice(0, 80)}`]
  const either = schema.anyOf ?? schema.oneOf
  if (either && !either.some((one) => misfits(value, one, schemas, place).length === 0)) return bad(JSON.stringify(either))
  if ('const' in schema && schema.const !== value) return bad(schema.const)
  const kinds = [schema.type ?? []].flat()
  if (kinds.length > 0 && !kinds.includes(kind) && !(kind === 'integer' && kinds.includes('number'))) return bad(schema.type)
  if (value === null) return []
  if (schema.enum && !schema.enum.includes(value)) return bad(schema.enum)
  if (schema.pattern && !new RegExp(schema.pattern).test(value)) return bad(schema.pattern)
  if (schema.format === 'date-time' && new Date(value).toISOString() !== value) return bad('a time')
  if (kind === 'array') return value.flatMap((item, index) => misfits(item, schema.items ?? {}, schemas, `${place}[${index}]`))
  if (kind !== 'object') return []
  const properties = schema.properties ?? {}
  const missing = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${place}.${name} is missing`)
  const unknown = schema.additionalProperties === false ? Object.keys(value).filter((name) => !properties[name]) : []
  const inside = Object.entries(properties).filter(([name]) => name in value)
  return [
    ...missing,
    ...unknown.map((name) => `${place}.${name} is unknown`),
    ...inside.flatMap(([name, of]) => misfits(value[name], of, schemas, `${place}.${name}`)),
  ]
}
