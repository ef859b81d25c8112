// Operators by the manual, where the recorded cases do not go.
import { describe, expect, test } from "vitest"
import { Binary, BSONRegExp, Decimal128, Double, identicalValues, Long, ObjectId, type Value } from "../../../../kernel/index.ts"
import { evaluate, refusal } from "./run.ts"

const decimal = (text: string): Decimal128 => Decimal128.fromString(text)
const long = (text: string): Long => Long.fromString(text)
const double = (value: number): Double => new Double(value)
const date = (text: string): Date => new Date(text)
const document = { n: null, a: 5, d: date("2024-03-10T06:30:00Z"), s: "héllo wörld", l: [3, 1, 2], o: { x: 1, y: [{ z: 1 }, { z: 2 }, 3] } }

const values: readonly (readonly [unknown, unknown])[] = [
  // Kinds of numbers.
  [{ $add: [2147483647, 1] }, long("2147483648")],
  [{ $add: [long("9223372036854775807"), 1] }, 2 ** 63],
  [{ $add: [1, double(2)] }, double(3)],
  [{ $subtract: [5, decimal("2")] }, decimal("3")],
  [{ $multiply: [3, long("2")] }, long("6")],
  // The first that is null or no number decides.
  [{ $multiply: ["$n", "$s"] }, null],
  [{ $divide: [4, 2] }, double(2)],
  [{ $divide: [decimal("1"), 3] }, decimal("0.3333333333333333333333333333333333")],
  [{ $mod: [-7, 3] }, -1],
  [{ $mod: [decimal("10.5"), 3] }, decimal("1.5")],
  [{ $pow: [2, 31] }, long("2147483648")],
  [{ $pow: [2, 63] }, 2 ** 63],
  [{ $pow: [2, -1] }, 0.5],
  [{ $abs: -2147483648 }, long("2147483648")],
  [{ $round: [2.5] }, double(2)],
  [{ $round: [-2.5] }, double(-2)],
  [{ $round: [1.005, 2] }, double(1)],
  [{ $round: [1234567, -3] }, 1235000],
  [{ $round: [-0.4] }, -0],
  [{ $trunc: [-1.99, 1] }, -1.9],
  [{ $ceil: decimal("1.2") }, decimal("2")],
  [{ $sum: [0.1, 0.2, 0.3] }, 0.6],
  [{ $sum: ["x", null, 2] }, 2],
  [{ $avg: ["$l", 4] }, double(4)],
  [{ $avg: ["x"] }, null],
  [{ $stdDevSamp: [1] }, null],
  [{ $stdDevPop: [1, 3] }, double(1)],
  [{ $sqrt: decimal("2") }, decimal("1.414213562373095048801688724209698")],
  [{ $exp: decimal("1") }, decimal("2.718281828459045235360287471352662")],
  [{ $ln: decimal("10") }, decimal("2.302585092994045684017991454684364")],
  [{ $log10: decimal("1000") }, decimal("3")],
  [{ $log: [decimal("8"), 2] }, decimal("3")],
  [{ $bitXor: [5, long("3")] }, long("6")],
  [{ $bitNot: 5 }, -6],
  // Null and missing.
  [{ $add: ["$n", 1] }, null],
  [{ $add: ["$nothing", 1] }, null],
  [{ $concat: ["$s", "$nothing"] }, null],
  [{ $toUpper: "$nothing" }, ""],
  [{ $type: "$nothing" }, "missing"],
  [{ $ifNull: ["$nothing", "$n", 3] }, 3],
  [{ $gt: ["$n", "$nothing"] }, true],
  [{ $eq: ["$n", "$nothing"] }, false],
  ["$$REMOVE", undefined],
  [["$nothing", 1], [null, 1]],
  [{ a: "$nothing", b: 1 }, { b: 1 }],
  ["$o.y.z", [1, 2]],
  ["$$ROOT.o.x", 1],
  [{ $let: { vars: { CURRENT: "$o" }, in: "$x" } }, 1],
  [{ $let: { vars: { a: 1, b: { $let: { vars: { a: 2 }, in: "$$a" } } }, in: ["$$a", "$$b"] } }, [1, 2]],
  [{ $map: { input: "$l", as: "x", in: { $map: { input: "$l", as: "y", in: { $multiply: ["$$x", "$$y"] } } } } }, [[9, 3, 6], [3, 1, 2], [6, 2, 4]]],
  ["$$NOW", date("2026-01-02T03:04:05.678Z")],
  // Texts.
  [{ $strLenBytes: "$s" }, 13],
  [{ $indexOfCP: ["$s", "w"] }, 6],
  [{ $indexOfBytes: ["$s", "w"] }, 7],
  [{ $indexOfCP: ["abc", "", 3] }, 3],
  [{ $indexOfCP: ["abc", "", 4] }, -1],
  [{ $substrBytes: ["abc", 1, -1] }, "bc"],
  [{ $toUpper: "$s" }, "HéLLO WöRLD"],
  [{ $trim: { input: "  a\u2003" } }, "a"],
  [{ $replaceAll: { input: "aaa", find: "", replacement: "-" } }, "-a-a-a-"],
  [{ $replaceOne: { input: "a.a", find: ".", replacement: { $literal: "$&" } } }, "a$&a"],
  [{ $regexFindAll: { input: "😀b😀b", regex: "(b)|(c)" } }, [{ match: "b", idx: 1, captures: ["b", null] }, { match: "b", idx: 3, captures: ["b", null] }]],
  [{ $regexMatch: { input: "ABC", regex: new BSONRegExp("b", "i") } }, true],
  [{ $regexFindAll: { input: null, regex: "b" } }, []],
  [{ $regexFindAll: { input: "ab", regex: "b*" } }, [{ match: "", idx: 0, captures: [] }, { match: "b", idx: 1, captures: [] }]],
  [{ $regexFindAll: { input: "", regex: "b*" } }, [{ match: "", idx: 0, captures: [] }]],
  // Lists and sets.
  [{ $setDifference: [[3, 1, 3, 2], [1]] }, [3, 2]],
  [{ $setEquals: [[1, 1, 2], [2, double(1)]] }, true],
  [{ $slice: ["$l", -2, 1] }, [1]],
  [{ $filter: { input: "$l", cond: { $gt: ["$$this", 1] }, limit: 1 } }, [3]],
  [{ $zip: { inputs: ["$l", ["a"]], useLongestLength: true, defaults: [0, "z"] } }, [[3, "a"], [1, "z"], [2, "z"]]],
  [{ $sortArray: { input: [{ a: 2 }, { b: 1 }, { a: 1 }], sortBy: { a: 1 } } }, [{ b: 1 }, { a: 1 }, { a: 2 }]],
  [{ $maxN: { input: [1, null, 3, 2], n: 2 } }, [3, 2]],
  [{ $percentile: { input: "$l", p: [0.5, 1], method: "approximate" } }, [double(2), double(3)]],
  [{ $percentile: { input: [3, Number.NaN, 1], p: [1], method: "approximate" } }, [double(3)]],
  [{ $getField: { field: "x", input: "$o" } }, 1],
  [{ $arrayToObject: [[["__proto__", 1]]] }, JSON.parse('{"__proto__":1}')],
  // Dates.
  [{ $dateAdd: { startDate: "$d", unit: "day", amount: 1, timezone: "America/New_York" } }, date("2024-03-11T05:30:00Z")],
  [{ $dateAdd: { startDate: date("2024-01-31T10:00:00Z"), unit: "month", amount: 1 } }, date("2024-02-29T10:00:00Z")],
  [{ $dateSubtract: { startDate: date("2024-02-29T00:00:00Z"), unit: "year", amount: 1 } }, date("2023-02-28T00:00:00Z")],
  [{ $dateFromParts: { year: 2024, month: 3, day: 10, hour: 2, minute: 30, timezone: "America/New_York" } }, date("2024-03-10T07:30:00Z")],
  [{ $dateFromParts: { year: 2024, month: 14 } }, date("2025-02-01T00:00:00Z")],
  [{ $dateToParts: { date: "$d", timezone: "+05:30" } }, { year: 2024, month: 3, day: 10, hour: 12, minute: 0, second: 0, millisecond: 0 }],
  [{ $dateToString: { date: "$d", timezone: "America/New_York" } }, "2024-03-10T01:30:00.000"],
  [{ $dateToString: { date: "$d", format: "%U %j %w %u %z %Z", timezone: "-03:30" } }, "10 070 1 7 -0330 -210"],
  [{ $dateTrunc: { date: "$d", unit: "week", startOfWeek: "monday" } }, date("2024-03-04T00:00:00Z")],
  [{ $dateDiff: { startDate: date("2024-01-06T00:00:00Z"), endDate: date("2024-01-08T00:00:00Z"), unit: "week", startOfWeek: "mon" } }, long("1")],
  [{ $dateFromString: { dateString: "2017-02-08T12:10:40.787", timezone: "America/New_York" } }, date("2017-02-08T17:10:40.787Z")],
  [{ $dateFromString: { dateString: "06-15-2018", format: "%m-%d-%Y" } }, date("2018-06-15T00:00:00Z")],
  [{ $dateFromString: { dateString: null, onNull: "none" } }, "none"],
  [{ $isoWeekYear: date("2021-01-03T00:00:00Z") }, long("2020")],
  // Conversions.
  [{ $map: { input: [1e21, 1e16, 123_456_789_012_345_680_000, 1e15, 0.0001, 0.000_012_5, -1e-10, 1e300], in: { $toString: "$$this" } } }, ["1e+21", "1e+16", "1.2345678901234568e+20", "1000000000000000", "0.0001", "1.25e-05", "-1e-10", "1e+300"]],
  [{ $toString: decimal("1.50") }, "1.50"],
  [{ $toInt: decimal("-1.9") }, -1],
  [{ $toDecimal: 0.1 }, decimal("0.100000000000000")],
  [{ $convert: { input: "AQI=", to: { type: "binData", subtype: 5 }, format: "base64" } }, new Binary(Buffer.from([1, 2]), 5)],
  [{ $convert: { input: "-_8", to: "binData", format: "base64url" } }, new Binary(Buffer.from([0xfb, 0xff]))],
  [{ $convert: { input: "0Aff", to: 5, format: "hex" } }, new Binary(Buffer.from([0x0a, 0xff]))],
  [{ $convert: { input: { $convert: { input: "é", to: "binData", format: "utf8" } }, to: "string", format: "hex" } }, "C3A9"],
  [{ $map: { input: ["auto", "uuid", "base64"], in: { $convert: { input: { $toUUID: "0e3b9063-8abd-4eb3-9f9f-f4c59fd30a60" }, to: "string", format: "$$this" } } } }, ["0e3b9063-8abd-4eb3-9f9f-f4c59fd30a60", "0e3b9063-8abd-4eb3-9f9f-f4c59fd30a60", "DjuQY4q9TrOfn/TFn9MKYA=="]],
  [{ $convert: { input: "zz", to: "binData", format: "hex", onError: "bad" } }, "bad"],
  [{ $convert: { input: "AQI=", to: "binData", format: null } }, null],
  [{ $map: { input: ["minKey", "object", "array", "binData", "null", "regex", "timestamp", "missing"], in: { $convert: { input: 1.9, to: "$$this", onError: "no" } } } }, ["no", "no", "no", "no", "no", "no", "no", "no"]],
  [{ $convert: { input: 1.9, to: "minKey", onError: "no" } }, "no"],
  [{ $const: "$s" }, "$s"],
  [{ $toBool: "" }, true],
  [{ $convert: { input: [], to: "int", onError: "bad" } }, "bad"],
  [{ $toDate: long("5") }, date("1970-01-01T00:00:00.005Z")],
]

test.each(values)("%j is %j", async (expression, expected) => {
  const value = await evaluate(expression, document as never)
  expect(identicalValues(value, expected as Value), `gave ${JSON.stringify(value)} (${String(value)})`).toBe(true)
})

const refusals: readonly (readonly [unknown, string])[] = [
  [{ $multiply: ["$s", "$n"] }, "bad-request 16555"],
  [{ $divide: [1, 0] }, "bad-request 2"],
  [{ $mod: [1, 0] }, "bad-request 16610"],
  [{ $ln: 0 }, "bad-request 28766"],
  [{ $log: [1, 1] }, "bad-request 28759"],
  [{ $pow: [0, -1] }, "bad-request 28764"],
  [{ $sqrt: -1 }, "bad-request 28714"],
  [{ $sin: decimal("1") }, "unsupported"],
  [{ $add: ["x", 1] }, "bad-request 16554"],
  [{ $add: [date("2024-01-01"), date("2024-01-01")] }, "bad-request 16612"],
  [{ $abs: long("-9223372036854775808") }, "bad-request 28680"],
  [{ $size: null }, "bad-request 17124"],
  [{ $substrBytes: ["é", 1, 1] }, "bad-request 28656"],
  [{ $dateFromString: { dateString: "2017-02-30" } }, "bad-request 241"],
  [{ $dateToString: { date: "$d", format: "%q" } }, "bad-request 18536"],
  [{ $year: { date: "$d", timezone: "Europe/Atlantis" } }, "bad-request 40485"],
  [{ $switch: { branches: [{ case: false, then: 1 }] } }, "bad-request 40066"],
  [{ $toDate: 5 }, "bad-request 241"],
  [{ $convert: { input: 1, to: "nonsense" } }, "bad-request 2"],
  [{ $convert: { input: "AQI", to: "binData", format: "base64" } }, "bad-request 241"],
  [{ $convert: { input: "AQI=", to: "binData" } }, "bad-request 4341115"],
  [{ $convert: { input: "AQI=", to: "binData", format: "rot13" } }, "bad-request 4341125"],
  [{ $convert: { input: "AQI=", to: { type: "binData", subtype: 4 }, format: "base64" } }, "bad-request 241"],
  [{ $convert: { input: 5, to: "binData" } }, "bad-request 241"],
  [{ $convert: { input: "AQI=", to: { type: "binData", subtype: 127 }, format: "base64" } }, "bad-request 4341107"],
  [{ $convert: { input: "[]", to: "array" } }, "unsupported"],
  [{ $convert: { input: 5, to: -2, onError: "bad" } }, "bad-request 9"],
  [{ $convert: { input: "1", to: "int", base: 2 } }, "unsupported"],
  [{ $let: { vars: { BAD: 1 }, in: 1 } }, "bad-request 16867"],
  ["$a..b", "bad-request 40353"],
  ["$$nobody", "bad-request 17276"],
  [{ $nosuch: 1 }, "bad-request 168"],
  [{ $function: { body: "return 1", args: [], lang: "js" } }, "unsupported"],
  [{ $regexMatch: { input: "aa", regex: "(a)\\1" } }, "unsupported"],
]

test.each(refusals)("%j is refused: %s", async (expression, expected) => {
  expect(await refusal(() => evaluate(expression, document as never))).toBe(expected)
})

test("$createObjectId makes another one each time", async () => {
  const [first, second] = (await evaluate([{ $createObjectId: {} }, { $createObjectId: {} }])) as unknown as [ObjectId, ObjectId]
  expect(first).toBeInstanceOf(ObjectId)
  expect(first.equals(second)).toBe(false)
})

describe("what depends on constants alone", () => {
  test("fails where it is evaluated and not where it is not", async () => {
    expect(await evaluate({ $cond: [false, { $divide: [1, 0] }, "fine"] })).toBe("fine")
  })
})
