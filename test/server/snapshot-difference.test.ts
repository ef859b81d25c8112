import { describe, expect, test } from "vitest"
import { difference } from "../../server/snapshot-difference.ts"

const int = (value: number): object => ({ $numberInt: String(value) })

describe("two copies of custom data", () => {
  test("that are equal do not differ", () => expect(difference({ a: int(1), b: { c: [int(1)] } }, { a: int(1), b: { c: [int(1)] } })).toEqual([]))

  test.each<[string, Record<string, unknown>, Record<string, unknown>, unknown[]]>([
    ["a value", { a: int(1) }, { a: int(2) }, [{ field: "a", snapshot: int(1), now: int(2) }]],
    ["its kind alone", { a: int(1) }, { a: { $numberDouble: "1.0" } }, [{ field: "a", snapshot: int(1), now: { $numberDouble: "1.0" } }]],
    ["a field that went", { a: "x" }, {}, [{ field: "a", snapshot: "x", now: undefined }]],
    ["a field that came", {}, { a: null }, [{ field: "a", snapshot: undefined, now: null }]],
    ["a field inside", { a: { b: "x", c: "y" } }, { a: { b: "z", c: "y" } }, [{ field: "a.b", snapshot: "x", now: "z" }]],
    ["a list, whole", { a: ["x"] }, { a: ["x", "y"] }, [{ field: "a", snapshot: ["x"], now: ["x", "y"] }]],
    ["a document that became empty, whole", { a: { b: "x" } }, { a: {} }, [{ field: "a", snapshot: { b: "x" }, now: {} }]],
    ["a field named like a member of objects", {}, JSON.parse('{"constructor":"x","__proto__":"y"}') as Record<string, unknown>, [{ field: "constructor", snapshot: undefined, now: "x" }, { field: "__proto__", snapshot: undefined, now: "y" }]],
  ])("differ in %s", (_what, snapshot, now, expected) => expect(difference(snapshot, now)).toEqual(expected))
})
