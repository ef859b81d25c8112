// Remarks across the roles and filters of a file, as `backstitch check` prints them.
import { describe, expect, test } from "vitest"
import { analyseRules, filterExpressionsOf, parseRules, referencesOf, type Problems, type RuleWarning } from "../../../engine/index.ts"
import { shadowOf } from "../../../engine/rules/index.ts"

function analysed(raw: { readonly roles?: readonly object[]; readonly filters?: readonly object[] }): readonly RuleWarning[] {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules(raw, { kind: "collection", problems })
  expect(problems.errors).toEqual([])
  return analyseRules(rules)
}

/** What is said of roles `r0`, `r1`, …; one that says nothing else applies always and may be read. */
const ofRoles = (...roles: readonly object[]): readonly RuleWarning[] => analysed({ roles: roles.map((role, index) => ({ name: `r${index}`, apply_when: {}, read: true, ...role })) })
const places = (warnings: readonly RuleWarning[]): string[] => warnings.map(({ code, path }) => `${code} ${path}`)
const when = (...conditions: readonly unknown[]): string[] => places(ofRoles(...conditions.map((apply_when) => ({ apply_when }))))

const mine = { owner: "%%user.id" }
const second = ["unreachable-role /roles/1/apply_when"]

describe("a role that is never assigned", () => {
  test.each<[string, unknown[], string[]]>([
    ["after one that always applies", [{}, mine], second],
    ["after one that always applies, in other words", [{ $and: [true, {}] }, mine], second],
    ["after one that may as well always apply", [{ $or: [mine, true] }, { a: 1 }], second],
    ["the same condition", [mine, mine], second],
    ["the same condition in another order and spelling", [{ ...mine, a: { $in: [1, 2] } }, { "%and": [{ a: { "%in": [1, 2] } }, { "%%root.owner": "%%user.id" }] }], second],
    ["a narrower condition", [mine, { ...mine, open: true }], second],
    ["a narrower condition with more in it", [{ a: 1, b: 2 }, { $and: [{ $and: [{ a: 1 }, { c: 3 }] }, { b: 2 }] }], second],
    ["one of several alternatives", [{ $or: [mine, { open: true }] }, { open: true }], second],
    ["an alternative of two conditions", [{ $or: [{ a: 1, b: 2 }, { open: true }] }, { c: 3, b: 2, a: 1 }], second],
    ["the same alternatives", [{ $or: [mine, { open: true }] }, { a: 1, $or: [mine, { open: true }] }], second],
    ["the same reverse", [{ a: { $ne: 1 } }, { "%%false": { a: 1 } }], second],
    ["the second of three, and the third", [{}, mine, { a: 1 }], [...second, "unreachable-role /roles/2/apply_when"]],
    ["after one that comes second", [{ b: 1 }, mine, { ...mine, a: 1 }], ["unreachable-role /roles/2/apply_when"]],
    ["a wider condition", [{ ...mine, open: true }, mine], []],
    ["another condition", [mine, { a: 1 }], []],
    ["other alternatives", [{ $or: [mine, { open: true }] }, { a: 1 }], []],
    ["one of two conditions of an alternative", [{ $or: [{ a: 1, b: 2 }, { open: true }] }, { a: 1 }], []],
    ["either of two, of which the role before needs one", [mine, { $or: [mine, { open: true }] }], []],
    ["the reverse", [mine, { $nor: [mine] }], []],
    ["after one that never applies", [{ $or: [false, false] }, mine], ["never-applies /roles/0/apply_when"]],
    ["after one without a condition, which never applies", [null, mine], []],
    ["after one whose condition is text and never true", ["true", mine, "true"], []],
  ])("%s", (_name, conditions, expected) => {
    expect(when(...conditions)).toEqual(expected)
  })

  test.each<[string, unknown, unknown]>([
    ["a number and its text", 1, "1"],
    ["NaN and null", { $numberDouble: "NaN" }, null],
    ["a date and its text", { $date: "2020-01-01T00:00:00Z" }, "2020-01-01T00:00:00.000Z"],
    ["an ObjectId and its text", { $oid: "64f000000000000000000001" }, "64f000000000000000000001"],
    ["an ObjectId and its text, deeper", { b: [{ $oid: "64f000000000000000000001" }] }, { b: ["64f000000000000000000001"] }],
    ["two patterns", { $regex: "x" }, { $regex: "y" }],
    ["two options of a pattern", { $regex: "x" }, { $regex: "x", $options: "i" }],
    ["two remainders", { $mod: [4, 1] }, { $mod: [4, 2] }],
    ["two types", { $type: "int" }, { $type: "long" }],
    ["two sizes", { $size: 1 }, { $size: 2 }],
    ["two places", "%%user.id", "%%user.custom_data.id"],
  ])("values that only look alike make two conditions: %s", (_name, one, other) => {
    expect(when({ a: one }, { a: other })).toEqual([])
    expect(when({ a: one, b: 1 }, { b: 1, a: one })).toEqual(second)
  })

  test.each<[string, unknown, unknown]>([
    ["alternatives", { $or: [mine, { a: 1 }] }, { "%or": [{ a: 1 }, mine] }],
    ["alternatives in alternatives", { $or: [mine, { $or: [{ a: 1 }, { b: 1 }] }] }, { $or: [{ b: 1 }, { a: 1 }, mine] }],
    ["one alternative twice", { $or: [mine, mine, { a: 1 }] }, { $or: [{ a: 1 }, mine] }],
    ["conditions of an alternative", { $or: [{ $and: [{ a: 1 }, { b: 1 }] }, mine] }, { $or: [mine, { b: 1, a: 1 }] }],
    ["what is reversed", { "%not": { a: 1, b: 1 } }, { "%not": { b: 1, a: 1 } }],
    ["what must not hold", { $nor: [{ a: 1 }, mine] }, { $nor: [mine, { a: 1 }] }],
    ["what is asked of an item", { items: { $elemMatch: { a: 1, b: 1 } } }, { items: { $elemMatch: { b: 1, a: 1 } } }],
    ["values a field may have", { a: { $in: [1, "x", null] } }, { a: { "%in": [null, 1, "x", 1] } }],
    ["values a field may not have", { a: { $nin: [1, 2] } }, { a: { $nin: [2, 1] } }],
    ["values of the app a field may have", { a: { $in: ["%%values.x", 1] } }, { a: { $in: [1, "%%values.x"] } }],
    ["values a list must have", { a: { $all: [1, 2] } }, { a: { "%all": [2, 1] } }],
    ["one condition twice, reversed", { "%not": { $or: [{ a: 1 }, { a: 1 }] } }, { "%not": { a: 1 } }],
    ["values from one list of the app", { a: { $in: "%%values.x" }, b: 1 }, { b: 1, a: { $in: "%%values.x" } }],
    ["types a field may have", { a: { $type: ["int", "long"] } }, { a: { $type: ["long", "int"] } }],
  ])("order makes no other condition: %s", (_name, one, other) => {
    expect(when(one, other)).toEqual(second)
    expect(when(other, one)).toEqual(second)
  })

  test.each<[string, unknown, unknown]>([
    ["a list that a field equals", { a: [1, 2] }, { a: [2, 1] }],
    ["a list of values of the app that a field equals", { a: ["%%values.x", 1] }, { a: [1, "%%values.x"] }],
    ["a list in a list of values", { a: { $in: [[1, 2]] } }, { a: { $in: [[2, 1]] } }],
    ["arguments of a function", { "%%true": { "%function": { name: "f", arguments: [1, 2] } } }, { "%%true": { "%function": { name: "f", arguments: [2, 1] } } }],
    ["one condition twice, and another", { "%not": { $or: [{ a: 1 }, { a: 1 }] } }, { "%not": { $or: [{ b: 1 }, { b: 1 }] } }],
    ["values from two lists of the app", { a: { $in: "%%values.x" } }, { a: { $in: "%%values.y" } }],
    ["one value more", { a: { $in: [1, 2] } }, { a: { $in: [1] } }],
    ["one and all of two", { a: { $in: [1, 2] } }, { a: { $all: [1, 2] } }],
    ["the same values of two fields", { a: { $in: [1, 2] } }, { b: { $in: [1, 2] } }],
    ["a number and its text among values", { a: { $in: [1, 2] } }, { a: { $in: ["1", 2] } }],
    ["one type more", { a: { $type: ["int"] } }, { a: { $type: ["int", "long"] } }],
    ["the items of two lists", { a: { $elemMatch: { b: 1 } } }, { c: { $elemMatch: { b: 1 } } }],
    ["the items of a list, and of the same two fields", { a: { $elemMatch: { b: 1 } } }, { a: { $elemMatch: { c: 1 } } }],
    ["either and both in alternatives", { $or: [{ c: 1 }, { "%not": { $or: [{ a: 1 }, { b: 1 }] } }] }, { $or: [{ c: 1 }, { "%not": { a: 1, b: 1 } }] }],
    ["what holds and its reverse", { $or: [{ a: 1 }, { b: 1 }] }, { $nor: [{ a: 1 }, { b: 1 }] }],
  ])("what hangs on order, or is not the same, makes two conditions: %s", (_name, one, other) => {
    expect(when(one, other)).toEqual([])
    expect(when(other, one)).toEqual([])
  })

  test("a role without a condition is in no other's shadow", () => {
    const [always, bare] = parseRules({ roles: [{ name: "r0", apply_when: {} }, { name: "r1" }] }, { kind: "collection", problems: { errors: [], warnings: [] } }).roles
    expect(always && bare && [shadowOf(bare, [always]), shadowOf(always, [bare]), shadowOf(always, [bare, always])]).toEqual([undefined, undefined, always])
  })
})

describe("a role that never applies", () => {
  test.each<[string, unknown, string[]]>([
    ["false", false, ["never-applies /roles/0/apply_when"]],
    ["false beside a condition", { a: 1, "%and": [false] }, ["never-applies /roles/0/apply_when"]],
    ["alternatives of which each is false", { $or: [false, { a: 1, $and: [false] }] }, ["never-applies /roles/0/apply_when"]],
    ["an alternative that may hold", { $or: [false, { a: 1 }] }, []],
    ["true", true, []],
    ["a condition", { a: false }, []],
    // The parser says of these that they are no expression, or that there is none.
    ["text", "false", []],
    ["none", null, []],
  ])("%s", (_name, condition, expected) => {
    expect(when(condition)).toEqual(expected)
  })
})

describe("a role that is to withhold and may not", () => {
  const banned = { "%%user.custom_data.banned": true }
  const withholding = { apply_when: banned, read: false }
  const calling = { "%%true": { "%function": { name: "isBanned" } } }
  const first = ["withholding-can-fail /roles/0/apply_when"]

  test.each<[string, object[], string[]]>([
    ["by custom data that some do not have", [withholding, {}], first],
    ["by a function", [{ apply_when: calling, read: false }, {}], first],
    ["by both", [{ apply_when: { ...calling, ...banned }, read: false }, {}], first],
    ["before one that grants, wherever it stands", [withholding, { read: false, apply_when: mine }, { apply_when: { a: 1 } }, { read: false }], first],
    ["by what the document says", [{ apply_when: mine, read: false }, {}], []],
    ["from those without custom data", [{ apply_when: { "%%user.custom_data.team": null }, read: false }, {}], []],
    ["where nothing later grants", [withholding, { read: false }], []],
    ["where nothing comes later", [withholding], []],
    ["after the one that grants", [{ apply_when: mine }, withholding], []],
    ["where what comes later never applies", [withholding, { apply_when: { a: 1, $and: [false] } }], ["never-applies /roles/1/apply_when"]],
    ["where what comes later has text for a condition", [withholding, { apply_when: "true" }], []],
    ["where what comes later has no condition", [withholding, { apply_when: null }], []],
  ])("%s", (_name, roles, expected) => {
    expect(places(ofRoles(...roles))).toEqual(expected)
  })

  // SOURCE: specification 8.1, 8.2, 9.1: a permission of the role decides instead of those of its fields, and one of a field instead of those in it.
  test.each<[string, object, boolean]>([
    ["read", { read: true }, true],
    ["read where a document allows it", { read: { open: true } }, true],
    ["write", { read: false, write: true }, true],
    ["a readable field", { fields: { a: {}, b: { read: true } } }, true],
    ["a writable field", { fields: { a: { write: true } } }, true],
    ["a readable field in a field", { fields: { a: { fields: { b: {}, c: { read: { open: true } } } } } }, true],
    ["a writable field in a field", { fields: { a: { fields: { b: { write: true } } } } }, true],
    ["further fields to read", { fields: { a: {} }, additional_fields: { read: true } }, true],
    ["further fields to write", { additional_fields: { write: true } }, true],
    ["a field to write and not to read", { read: false, fields: { a: { write: true } } }, true],
    ["a field that would be writable, and is readable thereby", { write: false, fields: { a: { write: true } } }, true],
    ["a field to write in one that cannot be read", { read: false, fields: { a: { read: false, fields: { b: { write: true } } } } }, true],
    ["a field to read in one that cannot be written", { fields: { a: { write: false, fields: { b: { read: true } } } } }, true],
    ["no permission", {}, false],
    ["a field below a role that cannot be read", { read: false, fields: { a: { read: true } } }, false],
    ["further fields below one", { read: false, additional_fields: { read: true } }, false],
    ["a field in a field below one that cannot be read", { read: false, fields: { a: { fields: { b: { read: true } } } } }, false],
    ["a writable field below one that can be neither read nor written", { read: false, write: false, fields: { a: { read: true, write: true } } }, false],
    ["a writable field in a field of one", { read: false, write: false, fields: { a: { fields: { b: { write: true } } } } }, false],
    ["a field to read in one that cannot be read", { fields: { a: { read: false, fields: { b: { read: true } } } } }, false],
    ["a field to write in one that cannot be written", { fields: { a: { write: false, fields: { b: { write: true } } } } }, false],
    ["fields without permissions", { fields: { a: { fields: { b: {} } } }, additional_fields: {} }, false],
    ["permissions that are false or text", { read: false, write: "true", fields: { a: { read: "true", write: false } }, additional_fields: { read: false, write: false } }, false],
  ])("what grants something: %s", (_name, permissions, isGrant) => {
    const role = { read: undefined, ...permissions }
    expect(places(ofRoles({ ...role, apply_when: banned }, {}))).toEqual(isGrant ? [] : first)
    expect(places(ofRoles(withholding, role))).toEqual(isGrant ? first : [])
  })
})

describe("what `analyse` says of expressions", () => {
  const unknown = { "%%user.rol": 1 }
  const withoutData = { "%%user.custom_data.team": null }

  test.each<[string, object, string]>([
    ["apply_when", { apply_when: unknown }, "apply_when"],
    ["read", { read: unknown }, "read"],
    ["write", { write: unknown }, "write"],
    ["insert", { insert: unknown }, "insert"],
    ["delete", { delete: unknown }, "delete"],
    ["document_filters, read", { document_filters: { read: unknown, write: true } }, "document_filters/read"],
    ["document_filters, write", { document_filters: { read: true, write: unknown } }, "document_filters/write"],
    ["a field, read", { read: undefined, fields: { a: { read: unknown } } }, "fields/a/read"],
    ["a field in a field, write", { read: undefined, fields: { a: { fields: { b: { write: unknown } } } } }, "fields/a/fields/b/write"],
    ["additional_fields, read", { read: undefined, additional_fields: { read: unknown } }, "additional_fields/read"],
    ["additional_fields, write", { read: undefined, additional_fields: { write: unknown } }, "additional_fields/write"],
  ])("is said of %s", (_name, role, place) => {
    expect(places(ofRoles(role))).toEqual([`unknown-member /roles/0/${place}/%%user.rol`])
  })

  test("users without custom data: of what grants to them, not of what keeps them out", () => {
    expect(places(ofRoles({ apply_when: withoutData }))).toEqual(["holds-without-custom-data /roles/0/apply_when/%%user.custom_data.team"])
    expect(places(ofRoles({ read: withoutData }))).toEqual(["holds-without-custom-data /roles/0/read/%%user.custom_data.team"])
    expect(places(ofRoles({ apply_when: withoutData, read: false }))).toEqual([])
    expect(places(ofRoles({ apply_when: { ...withoutData, a: { $in: [] } }, read: false }))).toEqual(["never-holds /roles/0/apply_when/a/$in"])
    expect(places(ofRoles({ read: undefined, insert: withoutData }))).toEqual(["holds-without-custom-data /roles/0/insert/%%user.custom_data.team"])
  })
})

describe("filters", () => {
  const including = { projection: { x: 1 } }
  const excluding = { projection: { y: 0 } }
  const ofFilters = (...filters: readonly object[]): string[] => places(analysed({ filters: filters.map((filter, index) => ({ name: `f${index}`, ...filter })) }))

  test.each<[string, object[], string[]]>([
    ["projections of both kinds", [including, excluding], ["conflicting-projections /filters/1/projection"]],
    ["the other way round, and the first that differs", [{ apply_when: {}, ...excluding }, excluding, { apply_when: true, ...including }, including], ["conflicting-projections /filters/2/projection"]],
    ["always, in other words", [{ apply_when: { $or: [{ "%%user.id": "V" }, {}] }, ...including }, excluding], ["conflicting-projections /filters/1/projection"]],
    ["of one kind", [including, including, { query: {} }], []],
    ["one of `_id` alone goes with both", [{ projection: { _id: 0 } }, including], []],
    ["one that applies to some users", [including, { apply_when: { "%%user.id": "V" }, ...excluding }], []],
    ["a filter that never applies", [including, { apply_when: false, ...excluding }], ["never-applies /filters/1/apply_when"]],
    ["both remarks", [{ apply_when: { $and: [false] }, query: {} }, including, excluding], ["never-applies /filters/0/apply_when", "conflicting-projections /filters/2/projection"]],
    // SOURCE: specification 12: a gap must not lift a filter, so text, which is no expression, does not keep it from applying.
    ["a filter with text for a condition applies", [{ apply_when: "false", ...including }], []],
  ])("%s", (_name, filters, expected) => {
    expect(ofFilters(...filters)).toEqual(expected)
  })
})

describe("what is said of the expressions of filters", () => {
  const ofQuery = (query: unknown): string[] => places(analysed({ filters: [{ name: "f", query }] }))
  const at = (place: string): string => `/filters/0/query/${place}`

  test.each<[string, unknown, string[]]>([
    ["a member that never has a value", { owner: "%%user.idd" }, ["unknown-member owner"]],
    ["one behind an operator", { owner: { $in: ["%%user.idd", 1] } }, ["unknown-member owner/$in"]],
    ["one behind `$not`", { owner: { $not: { $eq: "%%user.idd" } } }, ["unknown-member owner/$not/$eq"]],
    ["one in alternatives", { $or: [{ a: 1 }, { $nor: [{ $and: [{ owner: "%%user.idd" }] }] }] }, ["unknown-member $or/1/$nor/0/$and/0/owner"]],
    ["one asked of items", { members: { $elemMatch: { id: "%%user.idd" } } }, ["unknown-member members/$elemMatch/id"]],
    ["a known one", { owner: "%%user.id" }, []],
    ["an id beside text", { _id: "%%user.id" }, ["id-is-text _id"]],
    ["an id of an item", { members: { $elemMatch: { _id: "%%user.id" } } }, ["id-is-text members/$elemMatch/_id"]],
    ["an id that none of the items has", { members: { $not: { $elemMatch: { _id: { $ne: "%%user.id" } } } } }, ["id-is-text members/$not/$elemMatch/_id/$ne"]],
    ["an id that is converted", { _id: { "%stringToOid": "%%user.id" } }, []],
    ["what stands for no document", { _id: { $in: [] } }, []],
    ["custom data that some do not have", { team: { $ne: "%%user.custom_data.team" } }, []],
  ])("%s", (_name, query, expected) => {
    expect(ofQuery(query)).toEqual(expected.map((each) => each.replace(" ", ` ${at("")}`)))
  })

  test("ids of the document and of its items are told apart", () => {
    const problems: Problems = { errors: [], warnings: [] }
    const rules = parseRules({ filters: [{ name: "f", query: { _id: "%%user.id", "a.b": { $elemMatch: { _id: { $not: { $gt: "%%user.id" } }, c: { $elemMatch: { $or: [{ _id: "%%user.id" }] } } } } } }] }, { kind: "collection", problems })
    const asked: string[] = []
    const found = analyseRules(rules, { mayBeObjectId: (path) => asked.push(path.join(".")) !== 1 })
    expect(asked).toEqual(["_id", "a.b._id", "a.b.c._id"])
    expect(places(found)).toEqual([`id-is-text ${at("a.b/$elemMatch/_id/$not/$gt")}`, `id-is-text ${at("a.b/$elemMatch/c/$elemMatch/$or/0/_id")}`])
  })

  test("`apply_when`, but not that users without custom data pass it: a filter opens nothing to them", () => {
    const ofCondition = (apply_when: unknown): string[] => places(analysed({ filters: [{ name: "f", apply_when, query: {} }] }))
    expect(ofCondition({ "%%user.rol": 1 })).toEqual(["unknown-member /filters/0/apply_when/%%user.rol"])
    expect(ofCondition({ "%%user.id": ["a"] })).toEqual(["never-holds /filters/0/apply_when/%%user.id"])
    expect(ofCondition({ "%%user.custom_data.role": { $ne: "admin" } })).toEqual([])
  })

  test.each<[string, unknown, string[]]>([
    ["a value", { a: 1, "b.c": { $gt: 2 } }, ["root.a at a", "root.b.c at b.c"]],
    ["an expansion", { a: "%%values.x" }, ["root.a at a", "values.x at a"]],
    ["what only the database understands", { a: { $bitsAllSet: 1 } }, ["root.a at a"]],
    ["behind `$not`", { a: { $not: { $size: 1 } }, b: { $not: { $gt: "%%values.x" } } }, ["root.a at a/$not", "root.b at b/$not/$gt", "values.x at b/$not/$gt"]],
    ["logical operators", { $or: [{ a: 1 }, { $nor: [{ b: 1 }] }], $and: [{ c: 1 }] }, ["root.a at $or/0/a", "root.b at $or/1/$nor/0/b", "root.c at $and/0/c"]],
    ["items", { a: { $elemMatch: { b: 1, "c.d": "%%values.x", e: { $elemMatch: { f: 1 } } } } }, ["root.a at a/$elemMatch", "item.b at a/$elemMatch/b", "item.c.d at a/$elemMatch/c.d", "values.x at a/$elemMatch/c.d", "item.e at a/$elemMatch/e/$elemMatch", "item.f at a/$elemMatch/e/$elemMatch/f"]],
    ["several conditions on what items have", { a: { $elemMatch: { b: { $not: { $gt: "%%values.x" }, $in: ["%%values.y"] }, c: { $ne: "%%values.z" } } } }, ["root.a at a/$elemMatch", "item.b at a/$elemMatch/b/$not/$gt", "values.x at a/$elemMatch/b/$not/$gt", "item.b at a/$elemMatch/b/$in", "values.y at a/$elemMatch/b/$in", "item.c at a/$elemMatch/c/$ne", "values.z at a/$elemMatch/c/$ne"]],
    ["items that are no documents", { a: { $elemMatch: { $gt: 1 } } }, ["root.a at a/$elemMatch"]],
    ["operators without a field", { $expr: { $eq: ["$a", 1] }, $comment: "a" }, []],
    ["nothing", {}, []],
  ])("fields of a query are found, with their places: %s", (_name, query, expected) => {
    const { filters } = parseRules({ filters: [{ name: "f", apply_when: { "%%user.id": "V" } }, { name: "g", query }] }, { kind: "collection", problems: { errors: [], warnings: [] } })
    const found = filterExpressionsOf({ filters }).flatMap(referencesOf).map(({ reference: { source, path }, pointer }) => `${[source, ...path].join(".")} at ${pointer}`)
    expect(found).toEqual(["user.id at /filters/0/apply_when/%%user.id", ...expected.map((each) => each.replace(" at ", " at /filters/1/query/"))])
  })
})

test("remarks name the roles and filters they are about", () => {
  const roles = [{ name: "banned", apply_when: { "%%user.custom_data.banned": true }, read: false }, { name: "off", apply_when: false }, { name: "all", apply_when: {}, read: true }, { name: "late", apply_when: mine }]
  const filters = [{ name: "some", projection: { a: 1 } }, { name: "rest", projection: { b: 0 } }, { name: "none", apply_when: false, query: {} }]
  expect(analysed({ roles, filters }).map(({ message }) => message)).toEqual([
    "role `banned` grants nothing, and where its `apply_when` has no value or its function fails, role `all` is tried, which grants; write the condition into that role",
    "`apply_when` of role `off` is always false",
    "role `late` is never assigned: role `all` stands before it and applies wherever it does",
    "`apply_when` of filter `none` is always false",
    "the projections of the filters `some` and `rest` include and exclude fields: every request fails",
  ])
})
