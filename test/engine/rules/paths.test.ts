// What a request looks at (specification of rules, 8.3), and what an update names (decision 0125).
import { expect, test } from "vitest"
import { arrayFilterPaths, changePaths, predicatePaths, sortPaths } from "../../../engine/index.ts"
import { BSONRegExp, type Document } from "../../../kernel/index.ts"

const dotted = (paths: readonly (readonly string[])[]): string[] => paths.map((path) => path.join("."))

test.each<[Document, string[]]>([
  [{}, []], [{ a: 1 }, ["a"]], [{ a: 1, "b.c": 2 }, ["a", "b.c"]], [{ a: { b: 1 } }, ["a"]], [{ a: {} }, ["a"]], [{ a: [1] }, ["a"]], [{ a: { $gt: 1, $lt: 2 } }, ["a"]], [{ a: { $gt: 1, b: 2 } }, ["a"]], [{ a: { $eq: { b: 1 } } }, ["a"]],
  [{ $or: [{ a: 1 }, { b: 1, $and: [{ c: 1 }] }], d: 1 }, ["a", "b", "c", "d"]], [{ $nor: [{ a: 1 }] }, ["a"]], [{ $comment: "a" }, []], [{ $or: [1] }, []],
  [{ a: { $not: { $gt: 1 } } }, ["a"]], [{ a: { $not: { $elemMatch: { b: 1 } } } }, ["a.b"]], [{ a: { $elemMatch: { b: 1, "c.d": 1 } } }, ["a.b", "a.c.d"]], [{ a: { $elemMatch: { $gt: 1, $lt: 2 } } }, ["a"]], [{ "a.b": { $elemMatch: { c: { $elemMatch: { d: 1 } } } } }, ["a.b.c.d"]],
  [{ a: { $elemMatch: { $or: [{ b: 1 }, { c: 1 }], $and: [{ d: 1 }], $nor: [{ e: 1 }] } } }, ["a.b", "a.c", "a.d", "a.e"]], [{ a: { $size: 1, $elemMatch: { b: 1 } } }, ["a", "a.b"]], [{ a: { $elemMatch: { b: 1 }, $not: { $size: 1 } } }, ["a.b", "a"]],
  [{ a: { $elemMatch: {} } }, ["a"]], [{ a: { $not: { $elemMatch: {} } } }, ["a"]], [{ a: { $all: [{ $elemMatch: {} }] } }, ["a"]], [{ a: { $elemMatch: { $or: [{ b: 1 }, {}] } } }, ["a.b", "a"]], [{ a: { $elemMatch: { $nor: [{}] } } }, ["a"]], [{ a: { $elemMatch: { $comment: "b" } } }, ["a"]], [{ $or: [{}] }, []],
  [{ a: null }, ["a"]], [{ $comment: 5 }, []], [{ $or: ["ab"] }, []], [{ a: { $elemMatch: { b: 1 }, c: 1 } }, ["a"]], [{ a: { $not: new BSONRegExp("x") } }, ["a"]], [{ a: { $in: [{ $elemMatch: { b: 1 } }] } }, ["a"]], [{ a: { $all: [{ $elemMatch: { b: 1 } }, { c: 1 }] } }, ["a"]], [{ a: { $all: [{ c: 1 }, { $elemMatch: { b: 1 } }] } }, ["a"]], [{ a: { $all: [{ $elemMatch: { b: 1 } }, 5] } }, ["a"]],
  [{ a: { $all: [{ $elemMatch: { b: 1 } }, { $elemMatch: { c: 1 } }] } }, ["a.b", "a.c"]], [{ a: { $all: [1, 2] } }, ["a"]], [{ a: { $all: [null] } }, ["a"]], [{ a: { $all: null } }, ["a"]], [{ a: { $all: [{ $elemMatch: { b: 1 } }] } }, ["a.b"]], [{ a: { $all: [] } }, ["a"]], [{ a: { $all: 5 } }, ["a"]], [{ a: { $elemMatch: { $gt: 1, b: 2 } } }, ["a"]], [{ a: { $all: [{ b: 1 }] } }, ["a"]],
])("the predicate %j looks at %j", (predicate, paths) => {
  expect(dotted(predicatePaths(predicate))).toEqual(paths)
})

test("a sort looks at its keys", () => {
  expect(dotted(sortPaths({ a: 1, "b.c": -1 }))).toEqual(["a", "b.c"])
  expect(dotted(sortPaths({ $natural: -1 }))).toEqual([])
  expect(sortPaths(undefined)).toEqual([])
})

test.each<[Document, Document[], string[]]>([
  [{ $set: { "tags.$[x].v": 1 } }, [{ "x.k": 1 }], ["tags.k"]], [{ $set: { "tags.$[x]": 1 } }, [{ x: { $gt: 1 } }], ["tags"]], [{ $set: { "a.$[x].b.$[y].c": 1 } }, [{ "x.k": 1 }, { y: 2 }], ["a.k", "a.b"]],
  [{ $set: { "a.$[].b.$[y]": 1 } }, [{ y: 2 }], ["a.b"]], [{ $set: { "a.$[x].v": 1 }, $inc: { "b.$[x].v": 1 } }, [{ "x.k": 1 }], ["a.k", "b.k"]], [{ $set: { "a.$[x]": 1 } }, [{ $or: [{ "x.k": 1 }, { "x.l": 2 }] }], ["a.k", "a.l"]],
  [{ $set: { "a.$[x]": 1 } }, [{ y: 1 }], []], [{ $set: { a: 1 } }, [], []], [{ $set: 5 }, [{ x: 1 }], []], [{ $set: null }, [{ x: 1 }], []],
])("array filters of %j: %j look at %j", (update, filters, paths) => {
  expect(dotted(arrayFilterPaths(update, filters))).toEqual(paths)
})

test("equal conditions and lists are looked at once", () => {
  expect(dotted(arrayFilterPaths({ $set: { "a.$[x].v": 1, "a.$[x].w": 1 } }, [{ $or: [{ "x.k": 1 }, { "x.k": 2 }] }]))).toEqual(["a.k"])
})

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const updateOf = (lists: number): Document => ({ $set: Object.fromEntries(numbers(lists).map((index) => [`l${index}.$[x].v`, 1])) })
const filterOf = (conditions: number): Document => ({ $or: numbers(conditions).map((index) => ({ [`x.k${index}`]: 1 })) })

test.each([[10, 11], [11, 10], [1, 500], [500, 1]])("of %d lists and %d conditions on their elements every path is looked at", (lists, conditions) => {
  expect(dotted(arrayFilterPaths(updateOf(lists), [filterOf(conditions)])).toSorted()).toEqual(numbers(lists).flatMap((list) => numbers(conditions).map((condition) => `l${list}.k${condition}`)).toSorted())
})

test.each([[11, 11], [5_000, 5_000]])("of %d lists and %d conditions on their elements the lists are, as a whole", (lists, conditions) => {
  expect(dotted(arrayFilterPaths({ $set: { ...(updateOf(lists)["$set"] as Document), "m.$[y]": 1 } }, [filterOf(conditions), { "y.k": 1 }]))).toEqual([...numbers(lists).map((index) => `l${index}`), "m.k"])
})

test("of a very long list of `$elemMatch` under `$all` each is looked at", () => {
  expect(predicatePaths({ a: { $all: numbers(200_000).map(() => ({ $elemMatch: { b: 1 } })) } }).length).toBe(200_000)
})

test("of very long paths the beginning is looked at", () => {
  const long = "a.".repeat(2_000)
  const first = "a.".repeat(100).slice(0, -1)
  expect(dotted(arrayFilterPaths({ $set: { [`${long}$[x].b`]: 1, "c.$[x].b": 1 } }, [{ [`x.${long}k`]: 1 }]))).toEqual([`${first}.${first}`, `c.${first}`])
  expect(dotted(arrayFilterPaths({ $set: { [`${"a.$[x].".repeat(2_000)}b`]: 1 } }, [{ x: 1 }])).at(-1)).toBe("a.".repeat(50).slice(0, -1))
  expect(dotted(predicatePaths({ [`${first}.a`]: { $elemMatch: Object.fromEntries(numbers(2_000).map((index) => [`b${index}`, 1])) } }))).toEqual([`${first}.a`])
  expect(dotted(predicatePaths({ [first]: { $elemMatch: { b: 1, c: 1 } } }))).toEqual([`${first}.b`, `${first}.c`])
})

test.each<[Document, string[]]>([
  [{ $set: { a: "b", "c.d": 2 }, $unset: { e: "" } }, ["a", "c.d", "e"]], [{ $setOnInsert: { a: 1 }, $inc: { b: 1 } }, ["b"]], [{ $rename: { a: "b.c" } }, ["a", "b.c"]], [{ $rename: { a: 5 } }, ["a"]],
  [{ $set: { "tags.$[].k": 1, "tags.$.v": 1, "tags.$[x].w": 1 } }, ["tags.k", "tags.v", "tags.w"]], [{ $set: 5 }, []], [{ $set: "ab" }, []],
])("the update %j names %j", (update, paths) => {
  expect(dotted(changePaths(update, false))).toEqual(paths)
})

test("a replacement names its fields", () => {
  expect(dotted(changePaths({ a: 1, b: { c: 1 } }, true))).toEqual(["a", "b"])
})
