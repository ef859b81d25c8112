import { describe, expect, test } from "vitest"
import { BSONRegExp, bsonTypeOf, type Document } from "../../../../kernel/index.ts"
import { upsertDocument, upsertSeed } from "../../../../server/storage/language/index.ts"

const now = new Date(0)
const refused = (serverCode: number) => expect.objectContaining({ name: "StoreError", code: "bad-request", serverCode })

describe("upsertSeed()", () => {
  test.each<[Document, Document]>([
    [{ a: 1, b: { $gt: 1 } }, { a: 1 }],
    [{ a: { $eq: 1 } }, { a: 1 }],
    [{ a: { $in: [1] }, b: { $in: [1, 2] } }, { a: 1 }],
    [{ a: { $all: [1] } }, { a: 1 }],
    [{ $and: [{ a: 1 }, { $and: [{ "b.c": 2 }] }] }, { a: 1, b: { c: 2 } }],
    [{ $or: [{ a: 1 }] }, { a: 1 }],
    [{ $or: [{ a: 1 }, { a: 2 }] }, {}],
    [{ $or: [{ a: 1 }, { a: { $eq: 1 } }], b: { $in: [2, 2] } }, { a: 1, b: 2 }],
    [{ $or: [{ a: 1 }, { b: 1 }] }, {}],
    [{ $nor: [{ a: 1 }] }, {}],
    [{ a: { $not: { $eq: 1 } } }, {}],
    [{ a: new BSONRegExp("x", "") }, {}],
    [{ a: { $in: [new BSONRegExp("x", "")] }, b: { $not: new BSONRegExp("x", "") } }, {}],
    [{ a: { $eq: new BSONRegExp("x", "") } }, { a: new BSONRegExp("x", "") }],
    [{ a: { $elemMatch: { b: 1 } } }, {}],
    [{ "a.b": 1, "a.c": { d: 1 } }, { a: { b: 1, c: { d: 1 } } }],
  ])("%j fixes %j", (filter, expected) => expect(upsertSeed(filter)).toEqual(expected))

  test("refuses a path that is fixed twice, and `$expr`", () => {
    expect(() => upsertSeed({ $and: [{ a: 1 }, { a: 2 }] })).toThrow(refused(54))
    expect(() => upsertSeed({ a: 1, "a.b": 2 })).toThrow(refused(54))
    expect(() => upsertSeed({ $and: [{ $expr: true }] })).toThrow(refused(224))
  })
})

describe("upsertDocument()", () => {
  test("puts `_id` first, makes one where there is none, and changes what the filter fixes", () => {
    const made = upsertDocument({ b: 1 }, { kind: "update", update: { $inc: { b: 1 }, $setOnInsert: { a: 1 } } }, { now })
    expect(Object.keys(made)).toEqual(["_id", "b", "a"])
    expect(bsonTypeOf(made["_id"])).toBe("ObjectId")
    expect(made["b"]).toBe(2)
    expect(upsertDocument({ b: 1 }, { kind: "update", update: { $set: { a: 1 } } }, { now, makeId: () => "own" })).toEqual({ _id: "own", b: 1, a: 1 })
    expect(upsertDocument({ _id: 5, b: 1 }, { kind: "replace", replacement: { a: 1 } }, { now })).toEqual({ _id: 5, a: 1 })
    expect(upsertDocument({ a: 1 }, { kind: "update", update: { $set: { _id: 9 } } }, { now })).toEqual({ _id: 9, a: 1 })
  })

  // SOURCE: the server's tests upsert_fields.js.
  test("asks the filter of a replacement for `_id` alone", () => {
    const replaced = (filter: Document): Document => upsertDocument(filter, { kind: "replace", replacement: { z: 1 } }, { now, makeId: () => "own" })
    for (const filter of [{ x: { $all: [1, 2] } }, { x: 1, "x.y": 1 }, { $and: [{ x: 1 }, { x: 2 }] }]) expect(replaced(filter)).toEqual({ _id: "own", z: 1 })
    expect(replaced({ _id: 5, x: 1, "x.y": 1 })).toEqual({ _id: 5, z: 1 })
    expect(upsertDocument({ _id: 5, x: { $all: [1, 2] } }, { kind: "update", update: { z: 1 } }, { now })).toEqual({ _id: 5, z: 1 })
    expect(() => replaced({ $and: [{ _id: 1 }, { _id: 2 }] })).toThrow(refused(54))
    expect(() => replaced({ "_id.x": 1 })).toThrow(refused(111))
  })

  test("does not let the change contradict the filter's `_id`, nor hold operators in a replacement", () => {
    expect(() => upsertDocument({ _id: 1 }, { kind: "update", update: { $set: { _id: 2 } } }, { now })).toThrow(refused(66))
    expect(() => upsertDocument({ _id: 1 }, { kind: "replace", replacement: { _id: 2 } }, { now })).toThrow(refused(66))
    expect(() => upsertDocument({ _id: 1 }, { kind: "replace", replacement: { $set: { a: 1 } } }, { now })).toThrow(refused(52))
  })
})
