// The slim codec of the guest against the kernel's, over every BSON type.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { EjsonError, fromEjson, toEjson, type Json } from "../../../kernel/index.ts"
import { openGuest } from "./harness.ts"

const guest = openGuest()
const echo = guest.evaluate("(text) => EJSON.stringify(EJSON.parse(text))") as (text: string) => string
const relaxed = guest.evaluate("(text) => EJSON.stringify(EJSON.parse(text), { relaxed: true })") as (text: string) => string
const viaGuest = (json: Json): Json => JSON.parse(echo(JSON.stringify(json))) as Json
const viaKernel = (json: Json): Json => toEjson(fromEjson(json))

/** A value inside a document and inside a list; at the top there is no container to remember kinds by. */
const inContainers = (json: Json): Json => ({ field: json, list: [json, { deep: json }] })

const samples: Record<string, Json[]> = {
  int: [{ $numberInt: "0" }, { $numberInt: "-2147483648" }, { $numberInt: "2147483647" }, 5, -7],
  long: [{ $numberLong: "0" }, { $numberLong: "5" }, { $numberLong: "-9223372036854775808" }, { $numberLong: "9223372036854775807" }, { $numberLong: "9007199254740993" }, { $numberLong: "2147483648" }, 2147483648, -9007199254740991],
  double: [{ $numberDouble: "2.0" }, { $numberDouble: "-0.0" }, { $numberDouble: "NaN" }, { $numberDouble: "Infinity" }, { $numberDouble: "-Infinity" }, { $numberDouble: "1.5" }, { $numberDouble: "1e300" }, { $numberDouble: "5e-324" }, { $numberDouble: "4294967296" }, 1.25],
  decimal: ["0", "-0", "7.10", "1E+3", "1E-7", "0.000001", "0.0000001", "NaN", "Infinity", "-Infinity", "9.999999999999999999999999999999999E+6144", "1E-6176", "0E+6111", "123456789012345678901234567890.1234", "-1.53464399239324", "000.5", "1.000", "12E2", "0E-10", "1e0"].map((text) => ({ $numberDecimal: text })),
  objectId: [{ $oid: "5f766ae78d273beeab5b0e6b" }, { $oid: "5F766AE78D273BEEAB5B0E6B" }],
  date: [{ $date: { $numberLong: "0" } }, { $date: { $numberLong: "-62135596800000" } }, { $date: { $numberLong: "253402300799999" } }, { $date: "2022-05-11T19:27:19.913Z" }, { $date: 5 }, { $date: { $numberInt: "7" } }],
  binary: [{ $binary: { base64: "", subType: "00" } }, { $binary: { base64: "AAEA", subType: "0" } }, { $binary: { base64: "hsoLrfBpRxOtQvkXVXm4PQ==", subType: "04" } }, { $binary: { base64: "AQ==", subType: "80" } }, { $uuid: "c8edabc3-f738-4ca3-b68d-ab92a91478a3" }],
  regex: [{ $regularExpression: { pattern: "a.b", options: "i" } }, { $regularExpression: { pattern: "", options: "" } }, { $regularExpression: { pattern: "x", options: "xsmi" } }],
  timestamp: [{ $timestamp: { t: 1, i: 2 } }, { $timestamp: { t: 4294967295, i: 4294967295 } }, { $timestamp: { t: { $numberInt: "1" }, i: { $numberLong: "2" } } }],
  keys: [{ $minKey: 1 }, { $maxKey: 1 }, { $minKey: { $numberInt: "1" } }],
  code: [{ $code: "f" }, { $code: "f", $scope: { a: { $numberLong: "1" } } }],
  others: [{ $symbol: "s" }, { $undefined: true }, { $dbPointer: { $ref: "a.b", $id: { $oid: "5f766ae78d273beeab5b0e6b" } } }, null, true, "text", "\u{1f600}\u0000", [], {}],
  documents: [{ $gt: 5 }, { $ref: "c", $id: 1 }, { $oid: "x", other: 1 }, { $regex: "a", $options: "i" }, { a: { $numberFoo: "1" } }, JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}') as Json],
}

describe("canonical Extended JSON", () => {
  for (const [name, values] of Object.entries(samples)) {
    test(`${name} is read and written as by the kernel`, () => {
      for (const value of values) {
        expect(viaGuest(inContainers(value)), JSON.stringify(value)).toEqual(viaKernel(inContainers(value)))
      }
    })
  }

  test("malformed wrappers are refused by both", () => {
    const malformed: Json[] = [
      { $oid: "xyz" }, { $oid: 5 }, { $numberInt: "1.5" }, { $numberInt: "2147483648" }, { $numberInt: 5 }, { $numberLong: "a" }, { $numberDouble: "x" }, { $numberDouble: 1 }, { $numberDecimal: "1x" }, { $numberDecimal: "1E+9999" },
      { $numberDecimal: "12345678901234567890123456789012345" }, { $date: "yesterday" }, { $date: {} }, { $binary: "AA" }, { $binary: { base64: "*", subType: "00" } }, { $binary: { base64: "AA==", subType: "zz" } }, { $uuid: "1" },
      { $regularExpression: "a" }, { $regularExpression: { pattern: 1, options: "" } }, { $regularExpression: { pattern: "a", options: "g" } }, { $timestamp: { t: -1, i: 0 } }, { $timestamp: 5 }, { $minKey: 2 }, { $maxKey: "1" }, { $undefined: false }, { $symbol: 1 }, { $code: 1 },
      { $dbPointer: { $ref: "a", $id: 5 } },
    ]
    for (const value of malformed) {
      expect(() => fromEjson(value), `kernel ${JSON.stringify(value)}`).toThrow(EjsonError)
      expect(() => viaGuest(value), `guest ${JSON.stringify(value)}`).toThrow()
    }
  })

  test("random values", () => {
    const leaf = fc.oneof(...Object.values(samples).map((values) => fc.constantFrom(...values)), fc.string(), fc.double().map((value): Json => (Number.isFinite(value) ? { $numberDouble: Number.isInteger(value) && !String(value).includes("e") ? `${Object.is(value, -0) ? "-0" : value}.0` : String(value) } : { $numberDouble: String(value) })), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Json => ({ $numberLong: String(value) })))
    const tree = fc.letrec<{ value: Json }>((tie) => ({ value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value"), { maxLength: 4 }), fc.dictionary(fc.string({ minLength: 1 }).filter((key) => !key.startsWith("$")), tie("value"), { maxKeys: 4 })) })).value
    fc.assert(fc.property(tree, (value) => {
      expect(viaGuest({ value })).toEqual(viaKernel({ value }))
    }), { numRuns: 500 })
  })
})

test("relaxed numbers are plain, whole seconds have no fraction", () => {
  expect(JSON.parse(relaxed(JSON.stringify({ a: { $numberLong: "5" }, b: { $numberDouble: "2.5" }, c: { $date: { $numberLong: "0" } }, d: { $date: { $numberLong: "1" } }, e: { $numberDouble: "NaN" } })))).toEqual({
    a: 5, b: 2.5, c: { $date: "1970-01-01T00:00:00Z" }, d: { $date: "1970-01-01T00:00:00.001Z" }, e: { $numberDouble: "NaN" },
  })
})

describe("limits", () => {
  test("200 levels are read and written, more are refused", () => {
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels)
    expect(echo(nested(200))).toBe(nested(200))
    expect(() => echo(nested(201))).toThrow()
  })

  test("wide values that hold themselves end at once", () => {
    expect(() => guest.evaluate("const a = {}; a.x = a; a.y = a; EJSON.stringify(a)")).toThrow(/deeper|itself/)
  })
})

describe("text", () => {
  const bytes = guest.evaluate("(text) => BSON.Binary.fromText(text).toHex()") as (text: string) => string
  const back = guest.evaluate("(hex) => BSON.Binary.fromHex(hex).text()") as (hex: string) => string

  test("UTF-8 both ways is as Node has it", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(bytes(text)).toBe(Buffer.from(text).toString("hex"))
      expect(back(bytes(text))).toBe(Buffer.from(text).toString())
    }))
    expect(bytes("\ud800x")).toBe(Buffer.from("\ud800x").toString("hex"))
  })

  test("malformed UTF-8 is replaced as by TextDecoder", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (raw) => {
      expect(back(Buffer.from(raw).toString("hex"))).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw))
    }), { numRuns: 2000 })
  })

  test("base64 both ways", () => {
    const encode = guest.evaluate("(hex) => BSON.Binary.fromHex(hex).toBase64()") as (hex: string) => string
    const decode = guest.evaluate("(text) => BSON.Binary.fromBase64(text).toHex()") as (text: string) => string
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (raw) => {
      const text = Buffer.from(raw).toString("base64")
      expect(encode(Buffer.from(raw).toString("hex"))).toBe(text)
      expect(decode(text)).toBe(Buffer.from(raw).toString("hex"))
    }))
  })
})
