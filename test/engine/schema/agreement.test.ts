// Plain JSON Schema beside ajv: random schemas of the keywords both know, random values, the same verdict. Compiling is slow there, so runs are few.
// SCHEMA_RUNS and SCHEMA_SEED extend or repeat them.
import { Ajv } from "ajv"
import fc from "fast-check"
import { expect, test } from "vitest"
import { noCalls, type Problems } from "../../../engine/expressions/index.ts"
import { parseSchema, validateDocument } from "../../../engine/schema/index.ts"
import { fromEjson, type Document } from "../../../kernel/index.ts"

const runs = Number(process.env["SCHEMA_RUNS"] ?? 150)
const seed = Number(process.env["SCHEMA_SEED"] ?? Date.now() % 2 ** 31)

// Without null, about which App Services has rules of its own, and without documents where values are compared: their order counts here.
const scalar = fc.constantFrom<unknown>(true, false, 0, 1, 2, 3.5, -1, "", "a", "ab", "abc", "😀")
const names = fc.constantFrom("a", "b", "n1", "toString")
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(names, tie("value"), { maxKeys: 3 })),
}))
const document = fc.dictionary(names, value, { maxKeys: 4 })

const count = fc.integer({ min: 0, max: 3 })
const { schema } = fc.letrec<{ schema: unknown; properties: unknown; schemas: unknown }>((tie) => ({
  properties: fc.dictionary(names, tie("schema"), { maxKeys: 2 }),
  schemas: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
  schema: fc.oneof({ maxDepth: 4 },
    fc.record({ type: fc.oneof(fc.constantFrom("object", "array", "number", "boolean", "string"), fc.constant(["string", "number"])) }, { requiredKeys: [] }),
    fc.record({ minimum: count, maximum: count, multipleOf: fc.constantFrom(1, 2, 0.5), minLength: count, maxLength: count, pattern: fc.constantFrom("a", "^a", "b$", "^.{2}$") }, { requiredKeys: [], noNullPrototype: true }),
    fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }), const: scalar }, { requiredKeys: [] }),
    fc.record({ items: tie("schema"), minItems: count, maxItems: count, contains: tie("schema") }, { requiredKeys: [], noNullPrototype: true }),
    fc.record({ items: tie("schemas"), additionalItems: fc.oneof(fc.boolean(), tie("schema")) }),
    fc.record({ properties: tie("properties"), required: fc.uniqueArray(names, { maxLength: 2 }), minProperties: count, maxProperties: count }, { requiredKeys: [], noNullPrototype: true }),
    fc.record({ properties: tie("properties"), patternProperties: fc.dictionary(fc.constantFrom("^n", "S"), tie("schema"), { maxKeys: 1 }), additionalProperties: fc.oneof(fc.boolean(), tie("schema")), propertyNames: tie("schema") }, { requiredKeys: [], noNullPrototype: true }),
    fc.record({ anyOf: tie("schemas"), oneOf: tie("schemas"), allOf: tie("schemas"), not: tie("schema") }, { requiredKeys: [], noNullPrototype: true }),
    fc.record({ if: tie("schema"), then: tie("schema"), else: tie("schema") }, { requiredKeys: ["if"], noNullPrototype: true }),
    fc.record({ dependencies: fc.dictionary(names, fc.oneof(fc.uniqueArray(names, { minLength: 1, maxLength: 2 }), tie("schema")), { minKeys: 1, maxKeys: 2 }) }),
    fc.boolean(),
  ),
}))

/** ajv 8 takes over what `contains` said of the list before when it meets an empty one in a loop; that none is admitted is said twice. */
function forAjv(raw: unknown): object {
  return JSON.parse(JSON.stringify(raw), (_key, part: unknown) => (typeof part === "object" && part !== null && "contains" in part ? { ...part, minItems: Math.max(1, ("minItems" in part ? part.minItems : 0) as number) } : part)) as object
}

test(`the same documents are valid as for ajv (seed ${seed}, ${runs} runs)`, () => {
  const counts = { valid: 0, invalid: 0 }
  fc.assert(fc.property(schema, fc.array(document, { minLength: 5, maxLength: 5 }), (raw, documents) => {
    const problems: Problems = { errors: [], warnings: [] }
    const ours = parseSchema(raw, { problems })
    expect(problems.errors).toEqual([])
    const theirs = new Ajv({ strict: false, ownProperties: true }).compile(forAjv(raw))
    for (const each of documents) {
      const isValid = validateDocument(ours, { after: fromEjson(each) as Document, known: {}, calls: noCalls }).length === 0
      expect({ each, isValid }).toEqual({ each, isValid: theirs(each) })
      counts[isValid ? "valid" : "invalid"] += 1
    }
  }), { numRuns: runs, seed })
  expect(counts.valid).toBeGreaterThan(runs / 2)
  expect(counts.invalid).toBeGreaterThan(runs / 2)
}, 120_000)
