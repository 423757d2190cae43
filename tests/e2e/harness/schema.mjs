// JSON Schema as far as openapi.json goes: what of a value does not fit, each with its place.

export function misfits(value, schema, schemas, place = '') {
  if (schema.$ref) return misfits(value, schemas[schema.$ref.split('/').at(-1)], schemas, place)
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value
  const bad = (what) => [`${place}: ${what}, not ${JSON.stringify(value)?.slice(0, 80)}`]
  if (schema.type && ![schema.type].flat().includes(kind)) return bad(schema.type)
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
