// What the database is asked for admits every document a user may see, and no other where it claims to be exact.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { bindRules, createCallTable, decideRead, defaultRuleSettings, parseRules, pushAssigned, pushVisible, type BoundRules, type Problems } from "../../../engine/index.ts"
import { assignRole, storedScope } from "../../../engine/rules/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"

const user: Document = { id: "u1", custom_data: { team: "red", level: 2, none: null, teams: ["red", "blue"] } }

function bound(roles: readonly unknown[]): BoundRules {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules({ roles }, { kind: "collection", problems })
  expect(problems.errors).toEqual([])
  return bindRules(rules, { user }, createCallTable(), defaultRuleSettings)
}

const scalar = fc.constantFrom<unknown>("red", "blue", 1, 2, null, "%%user.custom_data.team", "%%user.custom_data.missing", "%%user.custom_data.teams", "%%user.custom_data.none")
const field = fc.constantFrom("a", "b", "c.d", "%%user.custom_data.level", "%%user.custom_data.missing", "%%root.a")
const condition = fc.oneof(
  scalar, fc.record({ $ne: scalar }), fc.record({ $in: fc.array(scalar, { maxLength: 3 }) }), fc.record({ $nin: fc.array(scalar, { maxLength: 2 }) }),
  fc.record({ $exists: fc.boolean() }), fc.record({ $gt: fc.constantFrom<unknown>(1, "blue", "%%user.custom_data.level") }), fc.constant("%%root.b"),
)
const { expression } = fc.letrec<{ expression: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof({ weight: 2, arbitrary: fc.boolean() as fc.Arbitrary<unknown> }, { weight: 5, arbitrary: fc.dictionary(field, condition, { maxKeys: 2 }) }),
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true }, { weight: 4, arbitrary: tie("leaf") },
    { weight: 1, arbitrary: fc.record({ $or: fc.array(tie("expression"), { minLength: 1, maxLength: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ $not: tie("expression") }) },
    { weight: 1, arbitrary: fc.record({ "%%false": tie("expression") }) },
  ),
}))

const maybe = <Of>(arbitrary: fc.Arbitrary<Of>): fc.Arbitrary<Of | undefined> => fc.option(arbitrary, { nil: undefined })
const permission = fc.record({ read: maybe(expression), write: maybe(expression) })
const role = fc.record({
  apply_when: expression, read: maybe(expression), write: maybe(expression), document_filters: maybe(permission),
  fields: maybe(fc.dictionary(fc.constantFrom("_id", "a", "b", "c", "constructor"), permission, { maxKeys: 2 })), additional_fields: maybe(permission),
})
const roles = fc.array(role, { minLength: 1, maxLength: 3 }).map((list) => list.map((each, index) => JSON.parse(JSON.stringify({ name: `r${index}`, ...each })) as unknown))

const value = fc.constantFrom<unknown>("red", "blue", 1, 2, 3, null, ["red"], ["blue", 1], [], { d: "red" })
const document = fc.record({ a: maybe(value), b: maybe(value), c: maybe(fc.oneof(value, fc.record({ d: value }), fc.array(fc.record({ d: value }), { maxLength: 2 }))) })
  .map((each) => Object.fromEntries(Object.entries({ _id: 1, ...each }).filter(([, of]) => of !== undefined)) as Document)

const admits = (query: Document | "none", each: Document): boolean => query !== "none" && compileFilter(query)(each)

/** A projection of top-level fields, as the database does it. */
function projected(each: Document, projection: Document): Document {
  const names = Object.keys(projection)
  const isIncluding = names.some((name) => projection[name] === 1)
  return Object.fromEntries(Object.entries(each).filter(([name]) => (isIncluding ? projection[name] === 1 && Object.hasOwn(projection, name) : !Object.hasOwn(projection, name))))
}

describe("push-down of random role lists", () => {
  test("visible documents are admitted, and only they where it is exact", () => {
    let exact = 0
    let shown = 0
    fc.assert(fc.property(roles, fc.array(document, { minLength: 4, maxLength: 8 }), (list, documents) => {
      const rules = bound(list)
      const pushed = pushVisible(rules)
      if (pushed.exact) exact += 1
      for (const each of documents) {
        const read = decideRead(rules, each)
        if (read.outcome === "granted") shown += 1
        if (pushed.exact) expect(admits(pushed.query, each)).toBe(read.outcome === "granted")
        if (read.outcome !== "granted") continue
        expect(admits(pushed.query, each)).toBe(true)
        if (pushed.whole) expect(read.document).toEqual(each)
        if (pushed.exact && pushed.projection !== undefined) expect(projected(each, pushed.projection)).toEqual(read.document)
      }
    }), { numRuns: 3000 })
    // The generator is worth something only if it meets both kinds.
    expect(exact).toBeGreaterThan(300)
    expect(shown).toBeGreaterThan(300)
  })

  test("a projection leaves what is readable, where the user alone decides it", () => {
    const known = fc.constantFrom<unknown>(true, false, { "%%user.id": "u1" }, { "%%user.id": "u2" }, { "%%user.custom_data.level": { $gt: 1 } })
    const decided = fc.record({ read: maybe(known), write: maybe(known) })
    const byField = fc.record({ name: fc.constant("r"), apply_when: fc.constantFrom<unknown>({}, { a: 1 }, { "%%user.id": "u1" }), fields: maybe(fc.dictionary(fc.constantFrom("_id", "a", "b", "c"), decided, { maxKeys: 4 })), additional_fields: maybe(decided) })
    let cut = 0
    fc.assert(fc.property(byField.map((each) => JSON.parse(JSON.stringify(each)) as unknown), document, (each, stored) => {
      const rules = bound([each])
      const pushed = pushVisible(rules)
      const read = decideRead(rules, stored)
      if (!pushed.exact || read.outcome !== "granted") return
      expect(pushed.projection).toBeDefined()
      const shown = projected(stored, pushed.projection ?? {})
      expect(shown).toEqual(read.document)
      if (Object.keys(shown).length < Object.keys(stored).length) cut += 1
    }), { numRuns: 3000 })
    expect(cut).toBeGreaterThan(200)
  })

  test("documents with a role are candidates of a write, and only they where it is exact", () => {
    fc.assert(fc.property(roles, document, (list, each) => {
      const rules = bound(list)
      const pushed = pushAssigned(rules)
      const assigned = assignRole(rules, storedScope(each)) !== undefined
      if (pushed.exact) expect(admits(pushed.query, each)).toBe(assigned)
      else if (assigned) expect(admits(pushed.query, each)).toBe(true)
    }), { numRuns: 3000 })
  })

  test("a role the user alone decides leaves nothing per document", () => {
    const rules = bound([{ name: "out", apply_when: { "%%user.custom_data.level": 1 }, read: true }, { name: "in", apply_when: { "%%user.custom_data.level": { $gte: 2 } }, read: { owner: "%%user.id" } }, { name: "never", apply_when: {}, read: true }])
    const pushed = pushVisible(rules)
    expect(pushed).toMatchObject({ query: { owner: { $eq: "u1" } }, exact: true })
    expect(pushed.onlyRole?.role.name).toBe("in")
  })
})
