import { describe, expect, test } from "vitest"
import { isIndex, Long, setField, splitPath, walkPath, type Document, type Value } from "../../kernel/index.ts"

/** Everything a walk visits; a missing value as the text "missing". */
function visited(root: Value, path: string): Value[] {
  const found: Value[] = []
  walkPath(root, splitPath(path), (value, present) => {
    found.push(present ? value : "missing")
    return false
  })
  return found
}

describe("walkPath()", () => {
  test.each<[string, Value, string, Value[]]>([
    ["a field", { a: 1 }, "a", [1]],
    ["a field below another", { a: { b: 1 } }, "a.b", [1]],
    ["a missing field", { a: 1 }, "b", ["missing"]],
    ["a scalar on the way", { a: 1 }, "a.b", ["missing"]],
    ["null on the way", { a: null }, "a.b", ["missing"]],
    ["a list at the end, unopened", { a: [1, 2] }, "a", [[1, 2]]],
    ["documents of a list", { a: [{ b: 1 }, { b: [2] }] }, "a.b", [1, [2]]],
    ["a document of a list without the field", { a: [{}, { b: 1 }] }, "a.b", ["missing", 1]],
    ["scalars and lists of a list", { a: [1, [{ b: 1 }]] }, "a.b", []],
    ["an index", { a: [10, 20] }, "a.1", [20]],
    ["an index beyond the end", { a: [10] }, "a.1", ["missing"]],
    ["an index and a field of that name", { a: [{ 1: "field" }, "element"] }, "a.1", ["element", "field"]],
    ["an index into a list of a list", { a: [[1, 2]] }, "a.0.1", [2]],
    ["a number as a field of a document", { a: { 0: "x" } }, "a.0", ["x"]],
    ["two lists on the way", { a: [{ b: [{ c: 1 }, { c: 2 }] }, { b: { c: 3 } }] }, "a.b.c", [1, 2, 3]],
    ["an object of a BSON class", { a: Long.fromNumber(1) }, "a.low", ["missing"]],
    ["a date", { a: new Date(0) }, "a.b", ["missing"]],
    ["a text", { a: "text" }, "a.length", ["missing"]],
    ["the length of a list", { a: [1, 2] }, "a.length", []],
    ["an inherited name", {}, "constructor.name", ["missing"]],
    ["a prototype", {}, "__proto__", ["missing"]],
  ])("%s", (_, root, path, expected) => expect(visited(root, path)).toEqual(expected))

  test("reads a field named `__proto__`", () => {
    const root: Document = {}
    setField(root, "__proto__", { a: 1 })
    expect(visited(root, "__proto__.a")).toEqual([1])
  })

  test("says of an element picked by its index that it is one", () => {
    const flags: boolean[] = []
    walkPath({ a: [[1], [2]] }, ["a", "0"], (_value, _present, isElement) => {
      flags.push(isElement)
      return false
    })
    expect(flags).toEqual([true])
  })

  test("stops at the first visit that is content", () => {
    let visits = 0
    expect(walkPath({ a: [{ b: 1 }, { b: 2 }] }, ["a", "b"], () => ++visits === 1)).toBe(true)
    expect(visits).toBe(1)
  })
})

test("isIndex() takes no leading zero, sign or fraction", () => {
  expect(["0", "7", "10"].every(isIndex)).toBe(true)
  expect(["", "01", "-1", "1.5", "a", "1e3"].some(isIndex)).toBe(false)
})
