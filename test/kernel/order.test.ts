import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  Binary, BSONRegExp, BSONSymbol, Code, compareStrings, compareValues, DBRef, Decimal128, Double, equalValues, identicalValues, Int32, isNumeric, Long, MaxKey, MinKey,
  numberKind, ObjectId, Timestamp, type Value,
} from "../../kernel/index.ts"
import { anyNumber, anyText, anyValue } from "./arbitraries.ts"

const id = (last: string) => new ObjectId(`66666666666666666666666${last}`)

// SOURCE: MongoDB manual, "Comparison/Sort Order": every type, in the order of the page.
const ascending: readonly Value[] = [
  new MinKey(), undefined, null,
  Number.NaN, Number.NEGATIVE_INFINITY, Long.MIN_VALUE, -1.5, -1, 0, 0.5, 1, Decimal128.fromString("1.5"), new Double(2), Long.fromNumber(3), 2 ** 63, Number.POSITIVE_INFINITY,
  "", "a", "aa", new BSONSymbol("ab"), "b",
  {}, { a: 1 }, { a: 1, b: 1 }, { a: 2 }, { b: 0 }, { a: "x" },
  [], [1], [1, 1], [2], ["a"],
  new Binary(new Uint8Array([]), 0), new Binary(new Uint8Array([9]), 0), new Binary(new Uint8Array([1]), 4), new Binary(new Uint8Array([1, 1]), 0),
  id("1"), id("2"),
  false, true,
  new Date(-1), new Date(0), new Date(1),
  new Timestamp({ t: 0, i: 1 }), new Timestamp({ t: 1, i: 0 }), new Timestamp({ t: 0xffffffff, i: 0 }),
  new BSONRegExp("a", ""), new BSONRegExp("a", "i"), new BSONRegExp("b", ""),
  new DBRef("c", id("1")),
  new Code("f"), new Code("g"), new Code("f", { x: 1 }), new Code("f", { x: 2 }),
  new MaxKey(),
]

describe("compareValues()", () => {
  test("puts every type in its place", () => {
    for (let left = 0; left < ascending.length; left++) {
      for (let right = 0; right < ascending.length; right++) {
        expect(Math.sign(compareValues(ascending[left], ascending[right])), `${left} and ${right}`).toBe(Math.sign(left - right))
      }
    }
  })

  test("is antisymmetric and reflexive", () => {
    fc.assert(fc.property(anyValue, anyValue, (left, right) => {
      expect(compareValues(left, left)).toBe(0)
      expect(Math.sign(compareValues(left, right)) + Math.sign(compareValues(right, left))).toBe(0)
    }), { numRuns: 2000 })
  })

  test("is transitive", () => {
    fc.assert(fc.property(anyValue, anyValue, anyValue, (...values) => {
      const [a, b, c] = values.toSorted(compareValues) as [Value, Value, Value]
      expect(compareValues(a, b)).toBeLessThanOrEqual(0)
      expect(compareValues(b, c)).toBeLessThanOrEqual(0)
      expect(compareValues(a, c)).toBeLessThanOrEqual(0)
    }), { numRuns: 2000 })
  })

  test("is transitive among numbers of all kinds", () => {
    fc.assert(fc.property(anyNumber, anyNumber, anyNumber, (...values) => {
      const [a, b, c] = values.toSorted(compareValues) as [Value, Value, Value]
      expect(compareValues(a, c)).toBeLessThanOrEqual(0)
      if (equalValues(a, b) && equalValues(b, c)) expect(equalValues(a, c)).toBe(true)
    }), { numRuns: 3000 })
  })

  test("takes arguments that are objects of number classes", () => {
    expect(compareValues(new Int32(5), 5)).toBe(0)
    expect(compareValues(new Double(5), Long.fromNumber(5))).toBe(0)
    expect(compareValues(new Int32(4), new Double(4.5))).toBeLessThan(0)
  })

  test("takes no field named `_bsontype` for a class", () => {
    expect(compareValues({ _bsontype: "ObjectId", id: "x" }, { _bsontype: "ObjectId", id: "x" })).toBe(0)
    expect(compareValues({ _bsontype: "MaxKey" }, [])).toBeLessThan(0)
  })

  test("tells documents with other orders of fields apart", () => {
    expect(equalValues({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(false)
  })
})

describe("numbers", () => {
  test.each<[Value, Value, number]>([
    [Long.fromString("9007199254740993"), 9007199254740992, 1],
    [Long.fromString("9007199254740993"), Decimal128.fromString("9007199254740993"), 0],
    [Decimal128.fromString("0.1"), 0.1, -1], // the double 0.1 is a little more than one tenth
    [Decimal128.fromString("0.5"), 0.5, 0],
    [Long.MAX_VALUE, 2 ** 63, -1],
    [Decimal128.fromString("1E-6176"), 5e-324, -1],
    [Decimal128.fromString("1E+6144"), 1.7e308, 1],
    [Decimal128.fromString("-Infinity"), Number.NEGATIVE_INFINITY, 0],
    [Decimal128.fromString("NaN"), Number.NaN, 0],
    [Decimal128.fromString("NaN"), Number.NEGATIVE_INFINITY, -1],
    [Decimal128.fromString("1.50"), Decimal128.fromString("1.5"), 0],
    [-0, 0, 0],
    [Decimal128.fromString("-0"), 0, 0],
  ])("%s against %s", (left, right, expected) => {
    expect(Math.sign(compareValues(left, right))).toBe(expected)
    expect(Math.sign(compareValues(right, left))).toBe(expected === 0 ? 0 : -expected)
  })

  test("have a kind", () => {
    expect([1, 1.5, -0, new Double(1), Long.fromNumber(1), Decimal128.fromString("1"), new Int32(1)].map((each) => numberKind(each as number)))
      .toEqual(["int", "double", "double", "double", "long", "decimal", "int"])
    expect([1, Long.fromNumber(1), new Double(1), Decimal128.fromString("1")].every(isNumeric)).toBe(true)
    expect(["1", null, true, new Date(1), new Timestamp({ t: 1, i: 1 }), [], {}].some((each) => isNumeric(each as Value))).toBe(false)
  })
})

describe("compareStrings()", () => {
  test("is the order of UTF-8 bytes", () => {
    fc.assert(fc.property(anyText, anyText, (left, right) => {
      expect(Math.sign(compareStrings(left, right))).toBe(Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right))))
    }), { numRuns: 3000 })
  })

  test("puts what is beyond U+FFFF last", () => {
    expect(["\ud83d\ude00", "\uffff", "\ue000", "\ud7ff", "a"].toSorted(compareStrings)).toEqual(["a", "\ud7ff", "\ue000", "\uffff", "\ud83d\ude00"])
  })
})

describe("identicalValues()", () => {
  test("tells kinds of numbers, zeros and spellings of decimals apart", () => {
    const apart: [Value, Value][] = [
      [1, new Double(1)], [1, Long.fromNumber(1)], [0, -0], [Decimal128.fromString("1.5"), Decimal128.fromString("1.50")], [{ a: 1 }, { a: Long.fromNumber(1) }],
      [[1], [new Double(1)]], ["a", new BSONSymbol("a")], [null, undefined], [{ a: undefined }, { b: undefined }],
    ]
    for (const [left, right] of apart) expect(identicalValues(left, right)).toBe(false)
  })

  test("finds a value identical to its copy, and identical values equal", () => {
    fc.assert(fc.property(anyValue, anyValue, (left, right) => {
      expect(identicalValues(left, left)).toBe(true)
      expect(identicalValues(left, structuredCopy(left))).toBe(true)
      if (identicalValues(left, right)) expect(compareValues(left, right)).toBe(0)
    }), { numRuns: 1000 })
  })
})

function structuredCopy(value: Value): Value {
  return Array.isArray(value) ? (value as Value[]).map(structuredCopy) : value
}
