// What the author of the rules is told of nested fields, and how much of it (docs/explain.md, "Nested fields").
import { describe, expect, test } from "vitest"
import type { AccessQuestion, AssignedExplanation } from "../../../engine/index.ts"
import type { Document, Value } from "../../../kernel/index.ts"
import { explain, fieldsIn, line, shownIn } from "./explain-lines.ts"

const at = "/roles/0/fields/a/fields"
const none = "the entry speaks only of fields below it, and there are none"
const noDocument = "the entry speaks only of fields below it, and the value is no document"
const itself = (what: string): string => `a fields write: false /roles/0/fields/a: ${what}, which needs a \`write\` in the entry itself`
const small = { "%%this": { $lt: 5 } }
const [reads, writes, smallReads, smallWrites] = [{ read: true }, { write: true }, { read: small }, { write: small }]

/** Field, what is shown of it in a read, entry, permissions, and the place and reason of what failed. */
function told(entries: object, question: AccessQuestion): string[] {
  const { fields } = explain([{ fields: { a: entries } }], question)
  return fields.filter(({ field }) => field !== "_id").map(({ field, entry, shown, permissions }) => [
    field, ...(question.operation === "read" ? [shown] : []), entry,
    ...permissions.map((each) => `${line(each.name, each.result, each.failing)}${["above", "value"].includes(each.failing?.operator ?? "") ? `: ${String(each.failing?.reason)}` : ""}`),
  ].join(" "))
}

test.each<[string, object, Value, string[]]>([
  ["those that entries name and others", { fields: { x: reads, y: { read: false } } }, { x: 1, y: 2, z: 3 }, ["a part fields", "a.x whole fields read: true", `a.y hidden fields read: false ${at}/y/read`, "a.z hidden none"]],
  ["deeper", { fields: { x: { fields: { y: smallReads, z: writes } } } }, { x: { y: 5, z: 1 } }, ["a part fields", "a.x part fields", `a.x.y hidden fields read: false ${at}/x/fields/y/read/%%this/$lt`, "a.x.z whole fields write: true"]],
  ["by their own values, which stand for before and after", { fields: { x: { read: { "%%prev": 3, "%%this": 3 } } } }, { x: 3 }, ["a part fields", "a.x whole fields read: true"]],
  ["none below a `read`", { read: false, fields: { x: reads } }, { x: 1 }, ["a hidden fields read: false /roles/0/fields/a/read"]],
  ["none below what is shown", { write: true, fields: { x: reads } }, { x: 1 }, ["a whole fields write: true"]],
  ["none below a value that is shown", { write: true, fields: { x: reads } }, 5, ["a whole fields write: true"]],
  ["below a `write` that is not true, which decides for those below", { write: false, fields: { x: { write: true }, y: { read: false, write: true }, z: { fields: { q: writes } } } }, { x: 1, y: 2, z: { q: 1 } }, [
    "a hidden fields write: false /roles/0/fields/a/write", "a.x hidden fields write: false /roles/0/fields/a/write: `write` of a field above decides for those below it, and is not true",
    `a.y hidden fields read: false ${at}/y/read write: false /roles/0/fields/a/write: \`write\` of a field above decides for those below it, and is not true`,
    "a.z hidden fields", "a.z.q hidden fields write: false /roles/0/fields/a/write: `write` of a field above decides for those below it, and is not true",
  ]],
  ["none of a value that is no document", { fields: { x: reads } }, "x", [`a hidden fields read: false /roles/0/fields/a: ${noDocument}`]],
  ["nor of null", { fields: { x: reads } }, null, [`a hidden fields read: false /roles/0/fields/a: ${noDocument}`]],
  ["nor of an empty document", { fields: { x: reads } }, {}, [`a hidden fields read: false /roles/0/fields/a: ${none}`]],
  ["nor of an empty list", { fields: { x: reads } }, [], [`a hidden fields read: false /roles/0/fields/a: ${none}`]],
  ["of a list once, where its items are alike", { fields: { x: reads, y: smallReads } }, [{ x: 1, y: 7 }, { x: 2, y: 7 }], ["a part fields", "a.$[].x whole fields read: true", `a.$[].y hidden fields read: false ${at}/y/read/%%this/$lt`]],
  ["item by item, where one comes out otherwise", { fields: { x: smallReads } }, [{ x: 1 }, { x: 7 }], ["a part fields", "a.0.x whole fields read: true", `a.1.x hidden fields read: false ${at}/x/read/%%this/$lt`]],
  ["item by item, where another value fails", { fields: { x: smallReads } }, [{ x: 8 }, { x: 7 }], ["a hidden fields", `a.0.x hidden fields read: false ${at}/x/read/%%this/$lt`, `a.1.x hidden fields read: false ${at}/x/read/%%this/$lt`]],
  ["item by item, where one has another field", { fields: { x: reads } }, [{ x: 1 }, { x: 1, y: 1 }], ["a part fields", "a.0.x whole fields read: true", "a.1.x whole fields read: true", "a.1.y hidden none"]],
  ["item by item, where only the last comes out otherwise", { fields: { x: smallReads } }, [{ x: 1 }, { x: 1 }, { x: 7 }], ["a part fields", "a.0.x whole fields read: true", "a.1.x whole fields read: true", `a.2.x hidden fields read: false ${at}/x/read/%%this/$lt`]],
  ["by the index of the only item", { fields: { x: reads } }, [{ x: 1 }], ["a part fields", "a.0.x whole fields read: true"]],
  ["items that are no documents, and empty ones", { fields: { x: reads } }, [{ x: 1 }, 5, {}], ["a part fields", "a.0.x whole fields read: true", `a.1 hidden fields read: false /roles/0/fields/a: ${noDocument}`, `a.2 hidden fields read: false /roles/0/fields/a: ${none}`]],
  ["items none of which is a document", { fields: { x: reads } }, [5, 6], ["a hidden fields", `a.$[] hidden fields read: false /roles/0/fields/a: ${noDocument}`]],
  ["lists in lists", { fields: { x: reads } }, [[{ x: 1 }, { y: 1 }], []], ["a part fields", "a.0.0.x whole fields read: true", "a.0.1.y hidden none", `a.1 hidden fields read: false /roles/0/fields/a: ${none}`]],
  ["no inherited ones", { fields: { x: reads } }, { constructor: 1, toString: 2 }, ["a hidden fields", "a.constructor hidden none", "a.toString hidden none"]],
  ["names with a slash", { fields: { "x/y": { read: false } } }, { "x/y": 1 }, ["a hidden fields", `a.x/y hidden fields read: false ${at}/x~1y/read`]],
])("nested fields of a read: %s", (_name, entries, value, lines) => {
  expect(told(entries, { operation: "read", document: { _id: 1, a: value } })).toEqual(lines)
})

test.each<[string, object, Value, string[]]>([
  ["those that entries name and others", { fields: { x: writes, y: { read: true, write: false } } }, { x: 1, y: 2, z: 3 }, ["a fields", "a.x fields write: true", `a.y fields read: true write: false ${at}/y/write`, "a.z none"]],
  ["none below a `write`", { write: false, fields: { x: writes } }, { x: 1 }, ["a fields write: false /roles/0/fields/a/write"]],
  ["below a `read`, with those to write alone", { read: true, fields: { x: { read: false, write: true } } }, { x: 1 }, ["a fields read: true", "a.x fields write: true"]],
  ["further below a `read` too", { read: true, fields: { x: { fields: { y: { fields: { z: { read: true, write: true } } } } } } }, { x: { y: { z: 1 } } }, ["a fields read: true", "a.x fields", "a.x.y fields", "a.x.y.z fields write: true"]],
  ["none of a list, which is written whole", { fields: { x: writes } }, [{ x: 1 }], [itself("the value is written whole")]],
  ["nor of an empty document", { fields: { x: writes } }, {}, [itself("the value is written whole")]],
  ["nor of what is no document", { fields: { x: writes } }, 5, [itself("the value is written whole")]],
])("nested fields of an insert and a deletion: %s", (_name, entries, value, lines) => {
  expect(told(entries, { operation: "insert", document: { _id: 1, a: value } })).toEqual(lines)
  expect(told(entries, { operation: "delete", document: { _id: 1, a: value } })).toEqual(lines)
})

test("nested fields of an insert without a value before, of a deletion with the same before and after", () => {
  const entries = { fields: { x: { write: { "%%prev": { $exists: true }, "%%this": 1 } } } }
  expect(told(entries, { operation: "insert", document: { a: { x: 1 } } })).toEqual(["a fields", `a.x fields write: false ${at}/x/write/%%prev/$exists`])
  expect(told(entries, { operation: "delete", document: { a: { x: 1 } } })).toEqual(["a fields", "a.x fields write: true"])
})

const sizes = { fields: { x: smallWrites } }
test.each<[string, object, Value, Value, string[]]>([
  ["those before and those after, with both values", { fields: { x: { write: { "%%prev": 1, "%%this": 2 } }, y: { write: { "%%prev": { $exists: true } } } } }, { x: 1, z: 1 }, { x: 2, z: 1, y: 1 }, ["a fields", "a.x fields write: true", "a.z none", `a.y fields write: false ${at}/y/write/%%prev/$exists`]],
  ["of a value that comes", sizes, undefined, { x: 7 }, ["a fields", `a.x fields write: false ${at}/x/write/%%this/$lt`]],
  ["of a value that goes", { fields: { x: { write: { "%%prev": 1 } } } }, { x: 1 }, undefined, ["a fields", "a.x fields write: true"]],
  ["none of a value that becomes another", sizes, { x: 1 }, "x", [itself("the value itself changes")]],
  ["nor of one that was none", sizes, 5, 6, [itself("the value itself changes")]],
  ["nor of one that becomes a list", sizes, { x: 1 }, [{ x: 1 }], [itself("the value itself changes")]],
  ["nor of an empty document that comes", sizes, undefined, {}, [itself("the value is written whole")]],
  ["or goes", sizes, {}, undefined, [itself("the value is written whole")]],
  ["nor of a list that comes", sizes, undefined, [{ x: 1 }], [itself("the value is written whole")]],
  ["nor of another order", sizes, { x: 1, y: 1 }, { y: 1, x: 1 }, [itself("the order of its fields changes")]],
  ["nor of a list of another length", sizes, [{ x: 1 }], [{ x: 1 }, { x: 1 }], [itself("the length of the list changes")]],
  ["of a list the items that change", sizes, [{ x: 7 }, { x: 1 }, { x: 1 }, 5], [{ x: 7 }, { x: 8 }, { x: 2 }, 5], ["a fields", `a.1.x fields write: false ${at}/x/write/%%this/$lt`, "a.2.x fields write: true"]],
  ["once, where all change and are alike", sizes, [{ x: 1 }, { x: 2 }], [{ x: 2 }, { x: 3 }], ["a fields", "a.$[].x fields write: true"]],
  ["of a list that stays, all items", sizes, [{ x: 7 }, { x: 1 }], [{ x: 7 }, { x: 1 }], ["a fields", `a.0.x fields write: false ${at}/x/write/%%this/$lt`, "a.1.x fields write: true"]],
  ["items that change themselves", sizes, [{ x: 1 }, { x: 1, y: 1 }, 5], ["x", { y: 1, x: 1 }, 5], ["a fields", ...[itself("the value itself changes"), itself("the order of its fields changes")].map((each, index) => `a.${index}${each.slice(1)}`)]],
  ["of a value that stays and is no document, none", sizes, 5, 5, ["a fields"]],
  ["of an empty one that stays, none", sizes, {}, {}, ["a fields"]],
])("nested fields of an update: %s", (_name, entries, before, after, lines) => {
  const image = (value: Value): Document => (value === undefined ? { _id: 1 } : { _id: 1, a: value })
  expect(told(entries, { operation: "update", document: image(before), after: image(after) })).toEqual(lines)
})

test("nested fields of an update: where a field that holds `undefined` comes or goes", () => {
  const [without, withIt] = [{ _id: 1 }, { _id: 1, a: undefined }]
  expect(told(sizes, { operation: "update", document: without, after: withIt })).toEqual([itself("the value is written whole")])
  expect(told(sizes, { operation: "update", document: withIt, after: without })).toEqual([itself("the value is written whole")])
  expect(told(sizes, { operation: "update", document: withIt, after: withIt })).toEqual(["a fields"])
})

test("nested fields of a write without what is shown", () => {
  expect(shownIn(explain([{ fields: { a: { fields: { x: { read: true, write: true } } } } }], { operation: "insert", document: { a: { x: 1 } } }))).toEqual(["a hidden", "a.x hidden"])
})

test("no nested fields of an `_id` that needs no permission", () => {
  const entries = { fields: { _id: { fields: { x: writes } } } }
  expect(fieldsIn(explain([entries], { operation: "delete", document: { _id: { x: 1 } } }))).toEqual([])
  expect(fieldsIn(explain([entries], { operation: "insert", document: { _id: { x: 1 } }, generatedId: false }))).toEqual(["_id fields", "_id.x fields write: true"])
})

test("nested fields of the role after an update too", () => {
  const roles = [{ apply_when: { "%%root.a": 1 }, write: true }, { fields: { a: { write: true }, b: sizes } }]
  const { after } = explain(roles, { operation: "update", document: { a: 1, b: { x: 1 } }, after: { a: 2, b: { x: 7 } } })
  expect(fieldsIn(after as AssignedExplanation)).toEqual(["a fields write: true", "b fields", "b.x fields write: false /roles/1/fields/b/fields/x/write/%%this/$lt"])
})

describe("fields in bounds", () => {
  const many = <Item>(count: number, item: (index: number) => Item): Item[] => Array.from({ length: count }, (_, index) => item(index))
  const wide = (count: number): Document => Object.fromEntries(many(count, (index) => [`f${index}`, index]))
  const pathsOf = ({ fields }: AssignedExplanation): string[] => fields.map(({ field }) => field)
  const hides = (value: number): object => ({ fields: { a: { fields: { x: { read: { "%%this": { $ne: value } } }, y: reads } } } })

  test("all 500 of them, and of more those that are not admitted", () => {
    const role = { fields: { a: { fields: { f7: { read: false }, ...Object.fromEntries(many(600, (index) => [`f${index}`, { read: index !== 7 }])) } } } }
    const exactly = explain([role], { operation: "read", document: { a: wide(499) } })
    expect([exactly.fields.length, exactly.omitted]).toEqual([500, undefined])
    const more = explain([role], { operation: "read", document: { a: wide(500) } })
    expect([pathsOf(more), more.omitted]).toEqual([["a", "a.f7"], "admitted"])
  })

  test("of long lists what is not admitted, as far as 2000 fields are looked at", () => {
    const long = (length: number): AccessQuestion => ({ operation: "read", document: { a: many(length, (x) => ({ x, y: 1 })) } })
    const listed = explain([hides(2400)], long(2500))
    expect([pathsOf(listed), listed.omitted]).toEqual([["a", "a.2400.x"], "admitted"])
    for (const [length, paths, omitted] of [[999, ["a", "a.$[].x", "a.$[].y"], undefined], [1000, ["a"], "admitted"]] as const) {
      const alike = explain([hides(-1)], long(length))
      expect([pathsOf(alike), alike.omitted]).toEqual([paths, omitted])
    }
  })

  test("no more than 500, where more are not admitted", () => {
    const { fields, omitted } = explain([{ fields: { a: { fields: { x: { read: { "%%this": -1 } } } } } }], { operation: "read", document: { a: many(501, (x) => ({ x })) } })
    expect([fields.length, fields.at(-1)?.field, omitted]).toEqual([500, "a.498.x", "more"])
    const unseen = explain([{ fields: { a: { fields: { x: { read: false } } } } }], { operation: "read", document: { a: many(2500, (x) => ({ x, y: 1, z: 2 })) } })
    expect([unseen.fields.length, unseen.omitted]).toEqual([500, "more"])
  })

  test("of 2000 all, of one more not", () => {
    const listOf = (own: number, items: number): AssignedExplanation => explain([{ fields: { a: { fields: { x: {} } }, b: {} } }], { operation: "read", document: { a: many(items, () => ({ x: 1 })), ...(own === 2 ? { b: 1 } : {}) } })
    expect([pathsOf(listOf(1, 1999)), listOf(1, 1999).omitted]).toEqual([["a", "a.$[].x"], undefined])
    expect([pathsOf(listOf(2, 1998)), listOf(2, 1998).omitted]).toEqual([["a", "a.$[].x", "b"], undefined])
    const [inItems, afterThem] = [listOf(1, 2000), listOf(2, 1999)]
    expect([inItems.fields.length, inItems.fields.at(-1)?.field, inItems.omitted]).toEqual([500, "a.498.x", "more"])
    expect([pathsOf(afterThem), afterThem.omitted]).toEqual([["a", "a.$[].x"], "more"])
    const scalars = (count: number): AssignedExplanation => explain([{ fields: { a: { fields: { x: {} } } } }], { operation: "read", document: { a: many(count, () => 5) } })
    expect([pathsOf(scalars(1999)), pathsOf(scalars(2000)).length, scalars(2000).omitted]).toEqual([["a", "a.$[]"], 500, "more"])
  })

  test("of those that are not admitted 500 and 2000 in the same way", () => {
    const role = { fields: { a: { fields: { x: { read: { "%%this": { $gt: 0 } } } } } } }
    const listOf = (shown: number, not: number): AssignedExplanation => explain([role], { operation: "read", document: { a: [...many(shown, () => ({ x: 1 })), ...many(not, (x) => ({ x: -x }))] } })
    const counts = ({ fields, omitted }: AssignedExplanation): unknown => [fields.length, omitted]
    expect([counts(listOf(1, 498)), counts(listOf(600, 499)), counts(listOf(600, 500))]).toEqual([[500, undefined], [500, "admitted"], [500, "more"]])
    const alike = (count: number): AssignedExplanation => explain([{ fields: { a: { fields: { x: {} } }, ...Object.fromEntries(many(600, (index) => [`f${index}`, reads])) } }], { operation: "read", document: { ...wide(600), a: many(count, () => ({ x: 1 })) } })
    expect([alike(1999), alike(2000)].map(counts)).toEqual([[2, "admitted"], [500, "more"]])
    const inLists = explain([{ fields: { a: { fields: { x: {} } } } }], { operation: "read", document: { a: many(3, () => many(900, () => ({ x: 1 }))) } })
    expect([pathsOf(inLists).slice(0, 4), pathsOf(inLists).length, inLists.omitted]).toEqual([["a", "a.0.$[].x", "a.1.$[].x", "a.2.0.x"], 202, "more"])
  })

  test("of top-level fields too", () => {
    const role = { fields: { f3: { read: false } }, additional_fields: reads }
    const { fields, omitted } = explain([role], { operation: "read", document: wide(501) })
    expect([fields.map(({ field, shown }) => `${field} ${shown}`), omitted]).toEqual([["f3 hidden"], "admitted"])
    const all = explain([role], { operation: "read", document: wide(500) })
    expect([all.fields.length, all.omitted]).toEqual([500, undefined])
    const hidden = explain([{ fields: { f3: reads } }], { operation: "read", document: wide(3000) })
    expect([hidden.fields.length, pathsOf(hidden)[3], hidden.omitted]).toEqual([500, "f4", "more"])
  })

  test("of writes those that are refused, and of an update what changes", () => {
    const role = { fields: { f3: { write: false }, a: sizes }, additional_fields: writes }
    const inserted = explain([role], { operation: "insert", document: wide(600), generatedId: true })
    expect([pathsOf(inserted), inserted.omitted]).toEqual([["f3"], "admitted"])
    const list = many(600, () => ({ x: 9 }))
    const changed = explain([role], { operation: "update", document: { ...wide(600), a: list }, after: { ...wide(600), f5: "new", a: list.with(7, { x: 8 }) } })
    expect([pathsOf(changed), changed.omitted]).toEqual([["a", "a.7.x"], "admitted"])
    const strict = { fields: { ...Object.fromEntries(many(600, (index) => [`f${index}`, writes])), a: { fields: { x: { write: { "%%prev": { $exists: false } } } } } } }
    const [short, long] = [{ a: { x: 1 } }, { ...wide(600), a: { x: 1 }, b: 1 }]
    expect(fieldsIn(explain([strict], { operation: "insert", document: short, generatedId: true }))).toEqual(["a fields", "a.x fields write: true"])
    expect(pathsOf(explain([strict], { operation: "insert", document: long, generatedId: true }))).toEqual(["b"])
    expect(pathsOf(explain([strict], { operation: "delete", document: long }))).toEqual(["a", "a.x", "b"])
    expect(pathsOf(explain([strict], { operation: "update", document: wide(600), after: long }))).toEqual(["b"])
    expect(pathsOf(explain([{ fields: { a: sizes, b: sizes } }], { operation: "update", document: { ...wide(600), b: [{ x: 1 }] }, after: { ...wide(600), a: [{ x: 1 }], b: [{ x: 2 }] } }))).toEqual(["a"])
    expect(pathsOf(explain([{ fields: { a: sizes } }], { operation: "update", document: { ...wide(600), u: undefined }, after: { ...wide(600), v: undefined } }))).toEqual(["u", "v"])
  })

  test("deep documents", () => {
    const deep = (levels: number): Value => (levels === 0 ? { x: 1, y: 2 } : [deep(levels - 1)])
    const path = `a${".0".repeat(90)}`
    expect(shownIn(explain([{ fields: { a: { fields: { x: reads } } } }], { operation: "read", document: { a: deep(90) } }))).toEqual(["a part", `${path}.x whole`, `${path}.y hidden`])
  })

  test.each<[string, Value, boolean]>([
    ["a text of 300 characters", "x".repeat(298), false], ["a longer one", "x".repeat(299), true], ["a long list", [...many(100, (index) => index)], true], ["a long document", wide(50), true], ["a short one", { y: 1 }, false], ["a number", 7, false],
  ])("a long value is told once: %s", (_name, value, isOnce) => {
    const [asSubject, asOperand] = [{ read: { "%%root.v": { $exists: false } } }, { read: { "%%true": "%%root.v" } }]
    const explained = explain([{ fields: { a: { fields: { x: asSubject, y: asSubject } } }, additional_fields: asOperand }], { operation: "read", document: { a: { x: 1, y: 2 }, b: 3, v: value } })
    const sides = explained.fields.flatMap(({ permissions }) => permissions.map(({ failing }) => failing?.subject ?? failing?.operand))
    const type = sides[0]?.type
    const again = isOnce ? { text: "%%root.v", type } : { text: "%%root.v", type, value }
    expect(sides).toEqual([{ text: "%%root.v", type, value }, again, again, again])
  })

  test("a value that is not there is told as often", () => {
    const explained = explain([{ additional_fields: { read: { none: 1 } } }], { operation: "read", document: { a: 1, b: 2 } })
    expect(explained.fields.map(({ permissions }) => permissions[0]?.failing?.subject)).toEqual([{ text: "%%root.none", type: "missing" }, { text: "%%root.none", type: "missing" }])
  })
})
