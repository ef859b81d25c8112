// Dates out of text, and what date operators look at first. SOURCE: the server's own tests of these operators.
import { describe, expect, test } from "vitest"
import { evaluate, refusal } from "./run.ts"

const read = (dateString: string, format?: string): Promise<unknown> => evaluate({ $dateFromString: { dateString, ...(format === undefined ? {} : { format }) } })

describe("$dateFromString", () => {
  test.each([
    ["2017-07-04T11:56.02.8", "2017-07-04T11:56:02.800Z"], ["2017-07-14T12:02:44.771 GMT+02", "2017-07-14T10:02:44.771Z"], ["2017-07-14T12:02:44.771+0330", "2017-07-14T08:32:44.771Z"],
    ["2017-07-14T12:02:44.771 CEST", "2017-07-14T10:02:44.771Z"], ["2017-07-14T12:02:44.771 PDT", "2017-07-14T19:02:44.771Z"], ["2017-07-14T12:02:44.771 A", "2017-07-14T11:02:44.771Z"],
    ["2017-07-14T12:02:44.771 L", "2017-07-14T01:02:44.771Z"], ["2017-07-14T12:02:44.771 P", "2017-07-14T15:02:44.771Z"], ["2017-07-14T12:02:44.771 Z", "2017-07-14T12:02:44.771Z"],
    ["July 4th, 2017 12:39:30 BST", "2017-07-04T11:39:30.000Z"], ["July 4th, 2017 11am", "2017-07-04T11:00:00.000Z"], ["July 4th, 2017 12pm", "2017-07-04T12:00:00.000Z"],
    ["7/4/17", "2017-07-04T00:00:00.000Z"], ["7/4/70", "1970-07-04T00:00:00.000Z"], ["04-07-2017", "2017-07-04T00:00:00.000Z"], ["2017-Jul-04 noon", "2017-07-04T12:00:00.000Z"],
  ])("reads %s without a format", async (text, expected) => {
    expect(await read(text)).toEqual(new Date(expected))
  })

  test.each([
    ["2017-07-14T12:02:44.771 GMT+02:00", "%Y-%m-%dT%H:%M:%S.%L%z", "2017-07-14T10:02:44.771Z"], ["2017-07-14T12:02:44.771 EST", "%Y-%m-%dT%H:%M:%S.%L%z", "2017-07-14T17:02:44.771Z"],
    ["4/26/1992:+285", "%m/%d/%Y:%Z", "1992-04-25T19:15:00.000Z"], ["1992 % 04 % 26", "%Y %% %m %% %d", "1992-04-26T00:00:00.000Z"], ["1.1.1", "%V.%u.%G", "0001-01-01T00:00:00.000Z"],
    ["2017, Day 5", "%G, Day %u", "2017-01-06T00:00:00.000Z"], ["2017, Week 53", "%G, Week %V", "2018-01-01T00:00:00.000Z"],
  ])("reads %s by %s", async (text, format, expected) => {
    expect(await read(text, format)).toEqual(new Date(expected))
  })

  test.each([
    ["July 4th"], ["12:50:53"], ["2017, 12:50:53"], ["60.Monday1770/06:59"], ["2017-07-12T22:23:55 Europe/Amsterdam"], ["2017-07-12T22:23:55 QQQ"], ["2017-07-12T22:23:55 J"],
    ["ISO Week 1, 2018", "ISO Week %V, %Y"], ["12/31/2018", "%m/%d/%G"], ["ISO Day 6", "ISO Day %u"], ["2018-01", "%Y-%m-%d"], ["2018-01", "%Y"],
  ])("refuses %s", async (text, format?: string) => {
    expect(await refusal(() => read(text, format))).toBe("bad-request 241")
  })
})

describe("what is null or missing decides first", () => {
  test.each([
    [{ $dateTrunc: { date: "$none", unit: "H", binSize: "x", timezone: 1 } }], [{ $dateTrunc: { date: "text", unit: null } }], [{ $dateTrunc: { date: 1, unit: "week", binSize: "", startOfWeek: null } }],
    [{ $dateDiff: { startDate: "$none", endDate: 1, unit: "century", timezone: "Nowhere" } }], [{ $dateDiff: { startDate: 1, endDate: 2, unit: "week", startOfWeek: "$none" } }],
    [{ $dateAdd: { startDate: null, unit: "century", amount: "x" } }], [{ $dateSubtract: { startDate: "x", unit: "day", amount: "$none" } }],
  ])("%j is null", async (expression) => {
    expect(await evaluate(expression)).toBeNull()
  })

  test.each([
    [{ $dateTrunc: { date: "$$NOW", unit: "century" } }, "5439014"], [{ $dateDiff: { startDate: "$$NOW", endDate: "$$NOW", unit: "decade" } }, "5439014"], [{ $dateAdd: { startDate: "$$NOW", unit: "decade", amount: 1 } }, "9"],
    [{ $dateTrunc: { date: "$$NOW", unit: "week", startOfWeek: "FRIDIE" } }, "5439016"], [{ $dateTrunc: { date: "$$NOW", unit: "week", startOfWeek: 1 } }, "5439015"],
  ])("%j is refused: %s", async (expression, code) => {
    expect(await refusal(() => evaluate(expression))).toBe(`bad-request ${code}`)
  })

  test("a day to begin the week with is looked at for weeks alone", async () => {
    expect(await evaluate({ $dateTrunc: { date: new Date("2020-01-30T18:59:00Z"), unit: "year", startOfWeek: 1 } })).toEqual(new Date("2020-01-01T00:00:00Z"))
  })
})
