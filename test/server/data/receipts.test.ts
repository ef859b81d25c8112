// What a receipt says of each kind of request, and where the database's cut stands in a pipeline.
import { afterEach, beforeEach, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import type { RequestQuestion } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, noting, openWorld } from "./rules-world.ts"

let store: EmbeddedStore
let searched: unknown
let pipelines: (readonly Document[])[]

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
  searched = undefined
  pipelines = []
})

afterEach(() => store.close())

function note(method: string, args: readonly unknown[]): void {
  if (method === "explain") searched = args.slice(1)
  if (method === "aggregate") pipelines.push(args[1] as readonly Document[])
}

const open = { read: true }
const roles = {
  whole: [open], two: [{ apply_when: { a: 1 }, ...open }, open], cut: [{ fields: { _id: open, n: open, m: open } }], judged: [{ apply_when: { a: "%%root.b" }, ...open }], nobody: [{ apply_when: { "%%user.id": "x" }, ...open }],
}
const world = (kind: keyof typeof roles, filters: readonly object[] = []): ReturnType<typeof openWorld> =>
  openWorld({ store: noting(store, note), rules: { roles: roles[kind].map((role, index) => ({ name: `r${index}`, apply_when: {}, ...role })), filters } })
const cut = { n: 1, m: 1, _id: 1 }
const find = (options: object): RequestQuestion => ({ operation: "find", filter: { n: 1 }, options })

test.each<[string, keyof typeof roles, RequestQuestion, { doneBy: string; projection?: Document; exact?: boolean; whole?: boolean; searched?: unknown }]>([
  ["a find of all", "whole", find({ sort: { n: 1 }, skip: 1, limit: 2 }), { doneBy: "database", searched: [{ n: 1 }, { sort: { n: 1 }, skip: 1, limit: 2 }] }],
  ["a find with nothing beside its filter", "whole", find({}), { doneBy: "database", searched: [{ n: 1 }, {}] }],
  ["a find under two roles that show all", "two", find({}), { doneBy: "database", exact: true, whole: true }],
  ["a find of some fields", "cut", find({ limit: 2 }), { doneBy: "database", projection: cut, searched: [{ n: 1 }, { limit: 2 }] }],
  ["a find that is judged", "judged", find({ sort: { n: 1 }, skip: 1, limit: 2 }), { doneBy: "server", exact: false, whole: false }],
  ["a find of nobody", "nobody", find({}), { doneBy: "database" }],
  ["a count of some fields", "cut", { operation: "count", filter: { n: 1 } }, { doneBy: "database", searched: [{ n: 1 }, {}] }],
  ["a count that is judged", "judged", { operation: "count", filter: { n: 1 } }, { doneBy: "server" }],
  ["distinct values under a role that shows all", "whole", { operation: "distinct", filter: { n: 1 }, field: "n" }, { doneBy: "database" }],
  ["distinct values of a readable field", "cut", { operation: "distinct", filter: { n: 1 }, field: "n" }, { doneBy: "database" }],
  ["distinct values of a hidden field", "cut", { operation: "distinct", filter: { n: 1 }, field: "secret" }, { doneBy: "server" }],
  ["a pipeline over all", "whole", { operation: "aggregate", pipeline: [{ $match: { n: 1 } }, { $match: { m: 2 } }, { $sort: { n: -1 } }, { $limit: 1 }] }, { doneBy: "database", searched: [{ $and: [{ n: 1 }, { m: 2 }] }, { sort: { n: -1 } }] }],
  ["a pipeline of one search", "whole", { operation: "aggregate", pipeline: [{ $match: { n: 1 } }] }, { doneBy: "database", searched: [{ n: 1 }, {}] }],
  ["a pipeline without a search", "whole", { operation: "aggregate", pipeline: [{ $limit: 1 }, { $sort: { n: 1 } }] }, { doneBy: "database", searched: [{}, {}] }],
  ["a pipeline over some fields", "cut", { operation: "aggregate", pipeline: [{ $match: { n: 1 } }, { $limit: 1 }] }, { doneBy: "database", projection: cut, searched: [{ n: 1 }, {}] }],
  ["a pipeline of nobody", "nobody", { operation: "aggregate", pipeline: [{ $limit: 1 }] }, { doneBy: "server" }],
  ["a pipeline with an order that is none", "whole", { operation: "aggregate", pipeline: [{ $match: { n: 1 } }, { $sort: null } as unknown as Document] }, { doneBy: "database", searched: [{ n: 1 }, {}] }],
  ["a pipeline that is judged", "judged", { operation: "aggregate", pipeline: [{ $match: { n: 1 } }] }, { doneBy: "server" }],
  ["a deletion", "whole", { operation: "deleteMany", filter: { n: 1 } }, { doneBy: "server", searched: [{ n: 1 }, {}] }],
])("%s", async (_name, kind, question, { doneBy, projection, exact, whole, searched: search }) => {
  const receipt = await world(kind).service.explainRequest("mongodb-atlas", items, callerOf(), question)
  expect({ doneBy: receipt.doneBy, projection: receipt.projection }).toEqual({ doneBy, projection })
  if (exact !== undefined) expect([receipt.exact, receipt.whole]).toEqual([exact, whole])
  if (search !== undefined) expect(searched).toEqual(search)
  if (kind === "nobody") expect([receipt.sent, receipt.plan, searched]).toEqual(["none", undefined, undefined])
  if (kind === "judged" && question.operation === "find") expect(searched).toEqual([receipt.sent, { sort: { n: 1 } }])
})

test("projections of filters are applied by the server", async () => {
  const receipt = await world("whole", [{ name: "f", projection: { m: 0 } }]).service.explainRequest("mongodb-atlas", items, callerOf(), find({}))
  expect(receipt.doneBy).toBe("server")
})

test.each<[string, RequestQuestion]>([
  ["options", find({ collation: { locale: "en" } })], ["a predicate", { operation: "count", filter: { a: { $bitsAllSet: 1 } } }], ["that of a write", { operation: "deleteOne", filter: { a: { $bitsAllSet: 1 } } }], ["an update", { operation: "updateOne", filter: {}, update: { $pull: { a: { $bitsAllSet: 1 } } } }], ["a pipeline", { operation: "aggregate", pipeline: [{ $out: "x" }] }],
])("what the request may not be, its receipt may not: %s", async (_name, question) => {
  await expect(world("whole").service.explainRequest("mongodb-atlas", items, callerOf(), question)).rejects.toMatchObject({ fault: "caller" })
})

test.each<[string, Document[], number]>([
  ["behind a page", [{ $skip: 1 }, { $limit: 1 }], 2], ["behind a search and an order of readable fields", [{ $match: { n: 1 } }, { $sort: { n: 1, m: -1 } }, { $group: { _id: "$n" } }], 2], ["before a search of a hidden field", [{ $match: { secret: 1 } }], 0], ["before an order of a hidden one", [{ $sort: { secret: 1 } }], 0],
  ["before a group", [{ $group: { _id: 1 } }], 0], ["before a count", [{ $limit: 1 }, { $count: "n" }], 1], ["before an order that is none", [{ $sort: { n: 1, m: "x" } }], 0],
])("the cut of a pipeline stands %s", async (_name, pipeline, at) => {
  await world("cut").service.collection("mongodb-atlas", items, callerOf()).aggregate(pipeline).toArray().catch(() => undefined)
  expect(pipelines).toEqual([[...pipeline.slice(0, at), { $project: { _id: 1, n: 1, m: 1 } }, ...pipeline.slice(at)]])
})

test("a stage without an object is refused by the database", async () => {
  for (const stage of [{ $sort: null }, { $match: null }]) await expect(world("cut").service.collection("mongodb-atlas", items, callerOf()).aggregate([stage]).toArray()).rejects.toMatchObject({ code: "bad-request" })
})
