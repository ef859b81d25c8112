import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { cloneValue, Decimal128, Double, identicalValues, Int32, Long, numberKind, parseEjson, type Document, type Value } from "../../../../kernel/index.ts"
import { addNumbers, compileUpdate, multiplyNumbers, replaceDocument } from "../../../../server/storage/language/index.ts"
import { anyDocument, anyNumber } from "../../../kernel/arbitraries.ts"

const now = new Date("2024-05-06T07:08:09.010Z")
const change = (update: Document | Document[], before: Document, more: { filter?: Document; arrayFilters?: Document[] } = {}) => compileUpdate(update, { now, ...more })(before, false)
const refused = (serverCode: number) => expect.objectContaining({ name: "StoreError", code: "bad-request", serverCode })

describe("compileUpdate()", () => {
  test("changes nothing of the document before, and shares what it does not touch", () => {
    const before = deepFreeze({ _id: 1, a: { b: 1, c: { d: 1 } }, l: [{ x: 1 }, { x: 2 }], m: [1] })
    const after = change({ $set: { "a.b": 2 }, $inc: { "l.1.x": 1 }, $push: { m: 2 } }, before)
    expect(after).toEqual({ _id: 1, a: { b: 2, c: { d: 1 } }, l: [{ x: 1 }, { x: 3 }], m: [1, 2] })
    expect((after["a"] as Document)["c"]).toBe((before["a"] as Document)["c"])
    expect((after["l"] as Value[])[0]).toBe((before["l"] as Value[])[0])
  })

  test("gives the same object when nothing changes", () => {
    const before = { _id: 1, a: 1, l: [1, 2], d: { x: 1 } }
    for (const update of [
      { $set: { a: 1, "d.x": 1 } }, { $unset: { z: "", "d.y": "" } }, { $pull: { l: 5 } }, { $addToSet: { l: 2 } }, { $min: { a: 5 } }, { $max: { a: 0 } }, { $inc: { a: 0 } },
      { $setOnInsert: { a: 9 } }, { $rename: { z: "y" } }, { $rename: { "l.7": "y" } }, { $rename: { z: "a.x" } }, { $unset: { "a.b": "", "l.x": "", "l.9": "" } }, { $pull: { "z.b": 1, "d.y.z": 1 } }, { $pop: { "l.9": 1 } }, { $pop: { z: 1 } }, { $push: { l: { $each: [] } } }, { $set: {} },
    ]) expect(change(update, before)).toBe(before)
    expect(change({ $set: { a: new Double(1) } }, before)).not.toBe(before)
  })

  test("makes new fields in the order of their names, numbers by value", () => {
    expect(Object.keys(change({ $set: { z: 1, b: 1, "10": 1, "9": 1, a: 1 } }, { _id: 1, m: 1 })).filter((name) => !/^\d+$/.test(name))).toEqual(["_id", "m", "a", "b", "z"])
  })

  test("writes the time it is given", () => {
    const after = change({ $currentDate: { a: true, b: { $type: "timestamp" } } }, { _id: 1 })
    expect(after["a"]).toEqual(now)
    expect((after["b"] as { t: number }).t).toBe(Math.floor(now.getTime() / 1000))
  })

  test("`$setOnInsert` takes part in an insert only", () => {
    const update = compileUpdate({ $set: { a: 1 }, $setOnInsert: { b: 2 } }, { now })
    expect(update({ _id: 1 }, false)).toEqual({ _id: 1, a: 1 })
    expect(update({ _id: 1 }, true)).toEqual({ _id: 1, a: 1, b: 2 })
  })

  test.each<[Document, Document, number]>([
    [{ $set: { a: 1 }, $unset: { "a.b": "" } }, { _id: 1 }, 40], [{ $set: { a: 1 }, $setOnInsert: { a: 2 } }, { _id: 1 }, 40], [{ $rename: { a: "b" }, $set: { b: 1 } }, { _id: 1 }, 40],
    [{ $set: { _id: 2 } }, { _id: 1 }, 66], [{ $unset: { _id: "" } }, { _id: 1 }, 66], [{ $set: { "a.b": 1 } }, { _id: 1, a: 5 }, 28], [{ $set: { "a.b": 1 } }, { _id: 1, a: null }, 28],
    [{ $set: { "a.x": 1 } }, { _id: 1, a: [] }, 28], [{ $inc: { a: 1 } }, { _id: 1, a: "x" }, 14], [{ $inc: { a: Long.fromNumber(1) } }, { _id: 1, a: Long.MAX_VALUE }, 2],
    [{ $set: { "": 1 } }, { _id: 1 }, 56], [{ $set: { $a: 1 } }, { _id: 1 }, 52], [{ $nosuch: { a: 1 } }, { _id: 1 }, 9], [{ $set: { "l.2000000": 1 } }, { _id: 1, l: [] }, 2],
    [{ $set: { "l.$[].a": 1 } }, { _id: 1 }, 2], [{ $set: { "l.$[x]": 1 } }, { _id: 1, l: [] }, 2], [{ $bit: { a: { and: 1.5 } } }, { _id: 1, a: 1 }, 2], [{ $bit: { a: { and: 1 } } }, { _id: 1, a: 1.5 }, 2],
    [{ $push: { a: { $each: 1 } } }, { _id: 1 }, 2], [{ $addToSet: { a: { $each: 1 } } }, { _id: 1 }, 14], [{ $push: { a: { $each: [], $slice: 1.5 } } }, { _id: 1 }, 2],
    [{ $push: { a: { $each: [], $sort: 2 } } }, { _id: 1 }, 2], [{ $addToSet: { a: 1 } }, { _id: 1, a: {} }, 2], [{ $pull: { "a.b": 1 } }, { _id: 1, a: 5 }, 28], [{ $pullAll: { "l.x": [1] } }, { _id: 1, l: [1] }, 28], [{ $pop: { "a.b": 1 } }, { _id: 1, a: null }, 28],
    [{ $pop: { a: 1 } }, { _id: 1, a: 5 }, 14], [{ $rename: { "a.b": "c" } }, { _id: 1, a: 5 }, 28], [{ $rename: { "l.x": "c" } }, { _id: 1, l: [1] }, 28], [{ $rename: { "l.0": "c" } }, { _id: 1, l: [1] }, 2],
    [{ $rename: { a: "l.0" } }, { _id: 1, a: 1, l: [1] }, 2], [{ $rename: { a: "s.x" } }, { _id: 1, a: 1, s: 5 }, 28], [{ $rename: { a: "l.$" } }, { _id: 1, a: 1 }, 2],
    [{ $rename: { a: "a" } }, { _id: 1 }, 2], [{ $rename: { a: "a.b" } }, { _id: 1 }, 2], [{ $rename: { "a.b": "a" } }, { _id: 1 }, 2], [{ $rename: { "a.b": "a.c", "a.c": "d" } }, { _id: 1 }, 40],
    [{ $set: { [`a${".a".repeat(300)}`]: 1 } }, { _id: 1 }, 2], [{ $set: { "$[].a": 1 } }, { _id: 1 }, 2], [{ $set: { a: 1 }, b: 2 }, { _id: 1 }, 9],
  ])("refuses %j on %j with %i", (update, before, serverCode) => {
    expect(() => change(update, before)).toThrow(refused(serverCode))
  })

  test("pads a list with null, and takes an index as a field of a document", () => {
    expect(change({ $set: { "l.3": 1, "d.3": 1 } }, { _id: 1, l: [0], d: {} })).toEqual({ _id: 1, l: [0, null, null, 1], d: { 3: 1 } })
    expect(change({ $unset: { "l.5": "" } }, { _id: 1, l: [0] })).toEqual({ _id: 1, l: [0] })
  })

  test("refuses two operators that meet in one element only when they do", () => {
    const update: Document = { $set: { "l.$[x]": 0, "l.1": 5 } }
    const arrayFilters = [{ x: { $gt: 5 } }]
    expect(change(update, { _id: 1, l: [9, 1] }, { arrayFilters })).toEqual({ _id: 1, l: [0, 5] })
    expect(() => change(update, { _id: 1, l: [1, 9] }, { arrayFilters })).toThrow(refused(40))
  })

  test("an array filter must be used, known and the only one of its name", () => {
    expect(() => change({ $set: { a: 1 } }, { _id: 1 }, { arrayFilters: [{ x: 1 }] })).toThrow(refused(9))
    expect(() => change({ $set: { "l.$[x]": 1 } }, { _id: 1 }, { arrayFilters: [{ x: 1 }, { "x.a": 1 }] })).toThrow(refused(9))
    expect(() => change({ $set: { "l.$[x]": 1 } }, { _id: 1 }, { arrayFilters: [{ x: 1, y: 2 }] })).toThrow(refused(9))
    expect(() => change({ $set: { "l.$[X]": 1 } }, { _id: 1 }, { arrayFilters: [{ X: 1 }] })).toThrow(refused(2))
    expect(() => change({ $set: { "l.$[x]": 0 } }, { _id: 1, l: [1] }, { arrayFilters: [{ $expr: { $eq: ["$x", 1] } }] })).toThrow(refused(224))
    expect(change({ $set: { "l.$[x]": 0 } }, { _id: 1, l: [1, 2, 3] }, { arrayFilters: [{ $or: [{ x: 1 }, { x: 3 }] }] })).toEqual({ _id: 1, l: [0, 2, 0] })
  })

  test("an update without operators replaces", () => {
    expect(change({ b: 1 }, { _id: 1, a: 1 })).toEqual({ _id: 1, b: 1 })
    expect(() => change({ b: 1, $set: { a: 1 } }, { _id: 1 })).toThrow(refused(52))
  })

  test("a pipeline runs on the hook and keeps `_id`", () => {
    const evaluate = { evaluateExpression: () => null, runUpdatePipeline: (stages: readonly Document[]) => stages[0]?.["$replaceWith"] as Document }
    expect(compileUpdate([{ $replaceWith: { a: 1 } }], { now, evaluate })({ _id: 7 }, false)).toEqual({ _id: 7, a: 1 })
    expect(() => compileUpdate([{ $replaceWith: { _id: 8 } }], { now, evaluate })({ _id: 7 }, false)).toThrow(refused(66))
    expect(() => compileUpdate([{ $match: {} }], { now, evaluate })).toThrow(refused(72))
    expect(() => compileUpdate([{ $set: {} }], { now })).toThrow(expect.objectContaining({ code: "unsupported" }))
  })

  test("fields with the names of an object's own workings are only fields", () => {
    const after = change(parseEjson('{"$set":{"__proto__.admin":true,"constructor":1}}') as Document, { _id: 1 })
    expect(Object.keys(after)).toEqual(["_id", "__proto__", "constructor"])
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
    const again = change(parseEjson('{"$set":{"__proto__.x":1},"$unset":{"constructor":""}}') as Document, after)
    expect(JSON.stringify(again)).toBe('{"_id":1,"__proto__":{"admin":true,"x":1}}')
  })

  test("never changes the document before", () => {
    const path = fc.constantFrom("a", "b", "a.b", "a.0", "b.0.a", "c.1", "a.b.c")
    const update = fc.oneof(
      fc.tuple(fc.constantFrom("$set", "$unset", "$push", "$addToSet", "$pull", "$min", "$max"), path, anyNumber).map(([operator, field, operand]) => ({ [operator]: { [field]: operand } })),
      fc.tuple(fc.constantFrom("$inc", "$mul"), path, anyNumber).map(([operator, field, operand]) => ({ [operator]: { [field]: operand } })),
      fc.tuple(path, path).map(([from, to]) => ({ $rename: { [from]: to } })),
    )
    fc.assert(fc.property(anyDocument, update, (before, each) => {
      const copy = cloneValue(before)
      try {
        change(each as Document, before)
      } catch (error) {
        expect((error as Error).name).toBe("StoreError")
      }
      expect(identicalValues(before, copy)).toBe(true)
    }), { numRuns: 2000 })
  })
})

function l(filter: Document, before: Document, update: Document = { $set: { "l.$": "hit" } }): Value {
  return change(update, before, { filter })["l"]
}

describe("positional `$`", () => {
  test.each<[string, Document, Value[]]>([
    ["equality", { l: 2 }, [1, "hit", 3]], ["a range", { l: { $gt: 1 } }, [1, "hit", 3]], ["$in", { l: { $in: [3] } }, [1, 2, "hit"]], ["$elemMatch", { l: { $elemMatch: { $gt: 2 } } }, [1, 2, "hit"]],
    ["$and", { $and: [{ _id: 1 }, { l: 3 }] }, [1, 2, "hit"]], ["an `$or` of equalities", { $or: [{ l: 9 }, { l: 3 }, { l: 2 }] }, [1, "hit", 3]], ["an `$or` of one", { $or: [{ l: { $gt: 2 } }] }, [1, 2, "hit"]],
    ["the last of several", { $and: [{ l: 1 }, { l: 3 }] }, [1, 2, "hit"]],
  ])("stands for the element of %s", (_, filter, expected) => expect(l(filter, { _id: 1, l: [1, 2, 3] })).toEqual(expected))

  test("is refused where no list had a part", () => {
    for (const filter of [{ _id: 1 }, { l: { $ne: 9 } }, { $nor: [{ l: 9 }] }, { l: { $size: 3 } }, { $or: [{ l: 2 }, { _id: 1 }] }, { $or: [{ l: 2 }, { l: { $gt: 2 } }] }]) expect(() => l(filter, { _id: 1, l: [1, 2, 3] })).toThrow(refused(2))
  })

  test("stands for an element of the outer list", () => {
    expect(l({ "l.m.n": 3 }, { _id: 1, l: [{ m: [{ n: 1 }] }, { m: [{ n: 2 }, { n: 3 }] }] }, { $set: { "l.$.hit": true } })).toEqual([{ m: [{ n: 1 }] }, { m: [{ n: 2 }, { n: 3 }], hit: true }])
  })
})

describe("replaceDocument()", () => {
  test("keeps `_id`, first", () => {
    expect(Object.keys(replaceDocument({ _id: 1, a: 1 }, { b: 1, _id: 1 }))).toEqual(["_id", "b"])
    expect(() => replaceDocument({ _id: 1 }, { _id: 2 })).toThrow(refused(66))
  })
})

describe("arithmetic", () => {
  const kinds = { int: 3, long: Long.fromNumber(3), double: new Double(3), decimal: Decimal128.fromString("3") }

  test.each([
    ["int", "int", "int"], ["int", "long", "long"], ["long", "long", "long"], ["int", "double", "double"], ["long", "double", "double"], ["double", "double", "double"],
    ["int", "decimal", "decimal"], ["long", "decimal", "decimal"], ["double", "decimal", "decimal"], ["decimal", "decimal", "decimal"],
  ] as const)("%s and %s give %s", (left, right, expected) => {
    for (const compute of [addNumbers, multiplyNumbers]) {
      expect(numberKind(compute(kinds[left], kinds[right]) as number)).toBe(expected)
      expect(numberKind(compute(kinds[right], kinds[left]) as number)).toBe(expected)
    }
  })

  test.each<[Value, Value, Value]>([
    [2147483647, 1, Long.fromNumber(2147483648)], [-2147483648, -1, Long.fromNumber(-2147483649)], [Long.fromNumber(1), Long.fromNumber(-1), Long.fromNumber(0)],
    [0.1, 0.2, 0.1 + 0.2], [1, new Int32(2), 3], [1.5, 1.5, new Double(3)], [Long.MAX_VALUE, 1, undefined], [Long.MAX_VALUE, new Double(1), 2 ** 63],
    [Decimal128.fromString("0.1"), Decimal128.fromString("0.2"), Decimal128.fromString("0.3")], [Decimal128.fromString("1E+6000"), 1, Decimal128.fromString("1.000000000000000000000000000000000E+6000")],
    [Decimal128.fromString("9999999999999999999999999999999999"), 1, Decimal128.fromString("1.000000000000000000000000000000000E+34")],
    [Decimal128.fromString("Infinity"), Decimal128.fromString("-Infinity"), Decimal128.fromString("NaN")], [Decimal128.fromString("Infinity"), 1, Decimal128.fromString("Infinity")],
    [Decimal128.fromString("NaN"), 1, Decimal128.fromString("NaN")],
  ])("%s plus %s", (left, right, expected) => {
    const result = addNumbers(left, right)
    expect(String(result)).toBe(String(expected))
    if (expected !== undefined) expect(numberKind(result as number)).toBe(numberKind(expected as number))
  })

  test.each<[Value, Value, Value]>([
    [65536, 65536, Long.fromNumber(4294967296)], [Long.fromString("4294967296"), Long.fromString("4294967296"), undefined], [-1, 0, 0], [1.5, 2, new Double(3)],
    [Decimal128.fromString("1.5"), Decimal128.fromString("-2"), Decimal128.fromString("-3.0")],
    [Decimal128.fromString("9.999999999999999999999999999999999E+6144"), 10, Decimal128.fromString("Infinity")],
    [Decimal128.fromString("1E-6176"), Decimal128.fromString("0.1"), Decimal128.fromString("0E-6176")],
  ])("%s times %s", (left, right, expected) => expect(String(multiplyNumbers(left, right))).toBe(String(expected)))

  test("commutes", () => {
    fc.assert(fc.property(anyNumber, anyNumber, (left, right) => {
      expect(String(addNumbers(left, right))).toBe(String(addNumbers(right, left)))
      expect(String(multiplyNumbers(left, right))).toBe(String(multiplyNumbers(right, left)))
    }), { numRuns: 2000 })
  })
})

function deepFreeze<V extends Document>(value: V): V {
  for (const each of Object.values(value)) if (typeof each === "object" && each !== null) deepFreeze(each as Document)
  return Object.freeze(value)
}
