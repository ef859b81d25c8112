// R1 to R24 over HTTP, as an ordinary user: faults found in the rules of the nearest re-implementation. One body, run on every store.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Long, type Document, type Value } from "../../../kernel/index.ts"
import { createServer, type DataLocation } from "../../../server/index.ts"
import { openRulesWorld, regressionsApp, until, type Answer, type Person, type RulesWorld } from "./world.ts"

const other = "64b1f0c2a7d93e5b8c214f99"
const denied = (text: string): object => ({ status: 400, value: { error: text, error_code: "NoMatchingRuleFound" } })
const broken = (text: string): object => ({ status: 400, value: { error: text, error_code: "SchemaValidationFailedWrite" } })
const noRule = (namespace: string): object => ({ status: 403, value: { error: `no rule exists for namespace '${namespace}'`, error_code: "NoMatchingRuleFound" } })
const invalid: object = { status: 400, value: { error_code: "InvalidParameter" } }

export function regressions(name: string, location: () => DataLocation): void {
  let world: RulesWorld
  let ana: Person
  beforeAll(async () => {
    world = await openRulesWorld(location())
    ana = await world.person()
  })
  afterAll(() => world.close())

  const ids = async (person: Person, collection: string, service?: string): Promise<Value[]> =>
    ((await person.value(collection, "find", { query: {}, sort: { _id: 1 } }, service)) as Document[]).map(({ _id }) => _id)
  const mine = (): Document => ({ _id: 1, owner_id: ana.id, title: "mine" })
  const theirs: Document = { _id: 2, owner_id: other, title: "theirs" }

  describe(`expressions on ${name}`, () => {
    test("R1: false is not admitted by a test for true", async () => {
      await world.seed("r01", [{ _id: 1 }])
      for (const admin of [false, "true", 1, {}, [false]]) expect(await ids(await world.person({ admin }), "r01")).toEqual([])
      expect(await ids(await world.person({ admin: true }), "r01")).toEqual([1])
    })

    test("R2: the second operator on a field counts", async () => {
      await world.seed("r02", [{ _id: 1, n: 9 }, { _id: 2, n: 3 }])
      expect(await ids(ana, "r02")).toEqual([2])
    })

    test("R3: keys beside $and count", async () => {
      await world.seed("r03", [{ _id: 1, a: 1, b: 3 }, { _id: 2, a: 1, b: 2 }])
      expect(await ids(ana, "r03")).toEqual([2])
    })

    test("R4: an empty $or admits nothing: an app with one is not served, a request with one is refused", async () => {
      await world.seed("r04", [{ _id: 1, a: 1 }])
      expect(await ids(ana, "r04")).toEqual([1])
      for (const action of ["find", "count", "deleteMany"]) expect((await ana.call("r04", action, { query: { $or: [] } })).status).toBe(400)
      const directory = await mkdtemp(join(tmpdir(), "backstitch-rules-"))
      try {
        await cp(regressionsApp, directory, { recursive: true })
        const file = join(directory, "data_sources/mongodb-atlas/app/r04/rules.json")
        const rules = JSON.parse(await readFile(file, "utf8")) as { roles: { apply_when: unknown }[] }
        rules.roles[0]!.apply_when = { $or: [] }
        await writeFile(file, JSON.stringify(rules))
        await expect(createServer({ directory, data: { memory: true } })).rejects.toMatchObject({ code: "app-refused", message: expect.stringContaining("/roles/0/apply_when/$or") })
      } finally {
        await rm(directory, { recursive: true })
      }
    })

    test("R5: what looks like an expansion in custom data, a request or a document is not expanded", async () => {
      await world.seed("r05", [{ _id: 1, f: ana.id }, { _id: 2, f: "%%user.id" }])
      const tricky = await world.person({ x: "%%user.id" })
      await world.system("r05", "insertOne", { _id: 3, f: tricky.id })
      expect(await ids(tricky, "r05")).toEqual([2])
      await world.seed("owned", [mine()])
      expect(await ana.value("owned", "find", { query: { owner_id: "%%user.id" } })).toEqual([])
      await ana.value("owned", "updateOne", { query: { _id: 1 }, update: { $set: { title: "%%values.limit" } } })
      expect(await ana.value("owned", "findOne", { query: {} })).toMatchObject({ title: "%%values.limit" })
    })

    test("R6: an expansion without a value compares neither as its own text nor as nothing", async () => {
      await world.seed("r06", [{ _id: 1, team: "%%user.custom_data.team" }, { _id: 2 }, { _id: 3, team: null }, { _id: 4, team: "red" }])
      expect(await ids(ana, "r06")).toEqual([])
      expect(await ids(await world.person({ team: "red" }), "r06")).toEqual([4])
    })

    test("R17: values, prev and this are resolved", async () => {
      await world.seed("r17", [{ _id: 1, level: 5, n: 5 }, { _id: 2, level: 6, n: 5 }])
      expect(await ids(ana, "r17")).toEqual([1])
      expect(await ana.call("r17", "updateOne", { query: { _id: 1 }, update: { $set: { n: 6 } } })).toMatchObject(denied("update not permitted"))
      expect(await ana.value("r17", "updateOne", { query: { _id: 1 }, update: { $set: { n: 4 } } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
      expect(await world.stored("r17")).toMatchObject([{ n: 4 }, { n: 5 }])
    })

    test("R21: dates are ordered", async () => {
      await world.seed("r21", [{ _id: 1, at: new Date("2024-01-01") }, { _id: 2, at: new Date("2024-07-01") }, { _id: 3, at: "2024-07-01T00:00:00Z" }])
      expect(await ids(ana, "r21")).toEqual([2])
    })
  })

  describe(`writes on ${name}`, () => {
    test("R7: an upsert is judged as an insert", async () => {
      await world.seed("r07", [])
      const set = { query: { _id: 5 }, update: { $set: { owner_id: ana.id } }, upsert: true }
      for (const action of ["updateOne", "updateMany", "findOneAndUpdate"]) expect(await ana.call("r07", action, set)).toMatchObject(denied("insert not permitted"))
      expect(await ana.call("r07", "findOneAndReplace", { filter: { _id: 5 }, update: { owner_id: ana.id }, upsert: true })).toMatchObject(denied("insert not permitted"))
      expect(await ana.call("owned", "updateOne", { query: { _id: 5 }, update: { $set: { owner_id: other } }, upsert: true })).toMatchObject(denied("insert not permitted"))
      expect(await world.stored("r07")).toEqual([])
    })

    test("R8: nobody takes a document over by writing himself into it, nor gives his own away", async () => {
      await world.seed("owned", [mine(), theirs])
      for (const action of ["updateOne", "updateMany"]) expect(await ana.value("owned", action, { query: { _id: 2 }, update: { $set: { owner_id: ana.id } } })).toEqual({ matchedCount: 0, modifiedCount: 0 })
      for (const action of ["findOneAndUpdate", "findOneAndReplace"]) expect(await ana.value("owned", action, { filter: { _id: 2 }, update: { owner_id: ana.id } })).toBeNull()
      expect(await ana.call("owned", "updateOne", { query: { _id: 1 }, update: { $set: { owner_id: other } } })).toMatchObject(denied("update not permitted"))
      expect(await world.stored("owned")).toEqual([mine(), theirs])
    })

    test("R9: $unset, $rename, replacements and positional operators need the permission of what they change", async () => {
      const document: Document = { _id: 1, title: "a", n: 1, tags: [{ k: 1, v: 1 }] }
      await world.seed("r09", [document])
      for (const update of [{ $unset: { n: "" } }, { $rename: { n: "title" } }, { $set: { "tags.0.k": 2 } }, { $push: { tags: { v: 2 } } }, { title: "b" }] as Document[]) {
        expect(await ana.call("r09", "updateOne", { query: { _id: 1 }, update })).toMatchObject(denied("update not permitted"))
      }
      expect(await ana.call("r09", "updateOne", { query: { "tags.k": 1 }, update: { $set: { "tags.$.k": 2 } } })).toMatchObject(denied("update not permitted"))
      expect(await world.stored("r09")).toEqual([document])
      expect(await ana.value("r09", "updateOne", { query: { "tags.k": 1 }, update: { $set: { "tags.$.v": 2 } } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
      expect(await world.stored("r09")).toMatchObject([{ tags: [{ k: 1, v: 2 }] }])
    })

    test("R12: insert: false holds where fields are writable", async () => {
      await world.seed("r12", [])
      expect(await ana.call("r12", "insertOne", { document: { _id: 1, a: 1 } })).toMatchObject(denied("insert not permitted"))
      expect(await ana.call("r12", "insertMany", { documents: [{ a: 1 }] })).toMatchObject(denied("insert not permitted"))
      expect(await world.stored("r12")).toEqual([])
    })

    test("R15: the schema is enforced on inserts, updates, replacements and upserts", async () => {
      await world.seed("r15", [mine()])
      expect(await ana.call("r15", "insertOne", { document: { owner_id: ana.id, title: 5 } })).toMatchObject(broken("insert not permitted"))
      expect(await ana.call("r15", "updateMany", { query: {}, update: { $set: { title: 5 } } })).toMatchObject(broken("update not permitted"))
      expect(await ana.call("r15", "findOneAndReplace", { filter: { _id: 1 }, update: { owner_id: ana.id } })).toMatchObject(broken("update not permitted"))
      expect(await ana.call("r15", "updateOne", { query: { _id: 9 }, update: { $set: { owner_id: ana.id } }, upsert: true })).toMatchObject(broken("insert not permitted"))
      expect(await world.stored("r15")).toEqual([mine()])
    })

    test("R18: nested field rules decide over nested reads and changes", async () => {
      await world.seed("r18", [{ _id: 1, address: { city: "Oslo", zip: "1" }, secret: 1 }])
      expect(await ana.value("r18", "find", { query: {} })).toEqual([{ address: { city: "Oslo" } }])
      expect(await ana.value("r18", "find", { query: { "address.zip": "1" } })).toEqual([])
      expect(await ana.call("r18", "updateOne", { query: { _id: 1 }, update: { $set: { "address.zip": "2" } } })).toMatchObject(denied("update not permitted"))
      expect(await ana.value("r18", "updateOne", { query: { _id: 1 }, update: { $set: { "address.city": "Bergen" } } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
      expect(await world.stored("r18")).toEqual([{ _id: 1, address: { city: "Bergen", zip: "1" }, secret: 1 }])
    })
  })

  describe(`ways to the data on ${name}`, () => {
    const aggregate = (pipeline: Document[]): Promise<Answer> => ana.call("r10", "aggregate", { pipeline })

    test("R10: an aggregation runs over the visible collection", async () => {
      await world.seed("r10", [mine(), theirs])
      expect(await aggregate([{ $match: { owner_id: { $exists: false } } }, { $project: { _id: 1, title: 1, owner_id: 1 } }])).toEqual({ status: 200, value: [{ title: "mine" }] })
      for (const stage of [{ $lookup: { from: "people", localField: "a", foreignField: "b", as: "c" } }, { $unionWith: "people" }, { $facet: { a: [] } }, { $out: "x" }, { $merge: "x" }, { $graphLookup: {} }] as Document[]) expect(await aggregate([stage])).toMatchObject(invalid)
      expect(await aggregate([{ $project: { a: { $function: { body: "function() {}", args: [], lang: "js" } } } }])).toMatchObject(invalid)
    })

    test("R10: an aggregation expression reads no hidden field", async () => {
      await world.seed("r10", [mine(), theirs])
      expect(await aggregate([{ $project: { title: 1, copy: "$owner_id" } }])).toEqual({ status: 200, value: [{ title: "mine" }] })
      expect(await aggregate([{ $group: { _id: "$owner_id", n: { $sum: 1 } } }])).toEqual({ status: 200, value: [{ _id: null, n: 1 }] })
    })

    test("R11: count and distinct see what find sees", async () => {
      await world.seed("r10", [mine(), theirs])
      expect(await ana.value("r10", "count", { query: {} })).toEqual(Long.fromNumber(1))
      expect(await ana.value("r10", "count", { query: { owner_id: ana.id } })).toEqual(Long.fromNumber(0))
      for (const [field, values] of [["title", ["mine"]], ["owner_id", []]]) {
        const { status, value } = await ana.call("r10", "distinct", { query: {}, key: field as string })
        expect({ status, value }).toEqual({ status: 200, value: values })
      }
    })

    test("R13: rules belong to data source, database and collection together", async () => {
      await world.seed("r13", [{ _id: 1, open: true }, { _id: 2 }])
      expect(await ana.call("r13", "find", { query: {} })).toMatchObject(noRule("app.r13"))
      expect(await ana.call("r13", "insertOne", { document: {} })).toMatchObject(noRule("app.r13"))
      expect(await ana.call("r13", "find", { database: "other", query: {} })).toEqual({ status: 200, value: [] })
      expect(await ids(ana, "r13", "with-defaults")).toEqual([1])
    })

    test("R14: cursors of a function read under its caller's rules", async () => {
      await world.seed("owned", [mine(), theirs])
      expect(await ana.run("byCursor", "owned")).toEqual({ status: 200, value: [mine(), mine(), mine()] })
    })

    test("R16: the default rule serves collections without roles, and only those", async () => {
      for (const collection of ["unlisted", "r16empty", "r16owned"]) await world.seed(collection, [mine(), theirs])
      expect(await ids(ana, "unlisted", "with-defaults")).toEqual([1, 2])
      expect(await ids(ana, "r16empty", "with-defaults")).toEqual([1, 2])
      expect(await ids(ana, "r16owned", "with-defaults")).toEqual([1])
      expect(await ana.call("unlisted", "find", { query: {} })).toMatchObject(noRule("app.unlisted"))
    })

    test("R19: every filter that applies is used, for reads and writes", async () => {
      await world.seed("r19", [{ _id: 1, n: 2, m: 1 }, { _id: 2, n: 1, m: 1 }, { _id: 3, n: 2, m: 2 }])
      expect(await ana.value("r19", "find", { query: {} })).toEqual([{ _id: 1, n: 2 }])
      expect(await ana.value("r19", "deleteMany", { query: {} })).toEqual({ deletedCount: 1 })
    })

    test("R20: a filter whose apply_when is false does not apply", async () => {
      await world.seed("r20", [{ _id: 1 }, { _id: 2, public: true }])
      expect(await ids(ana, "r20")).toEqual([1, 2])
      expect(await ids(await world.person({ guest: true }), "r20")).toEqual([2])
    })

    test("R22: watch says nothing of hidden documents, deleted ones included", async () => {
      await world.seed("owned", [theirs, { ...theirs, _id: 3 }])
      const { status, events, close } = await ana.watch("owned")
      try {
        expect(status).toBe(200)
        await new Promise((resolve) => setTimeout(resolve, 200))
        await world.system("owned", "insertOne", { ...theirs, _id: 4 })
        await world.system("owned", "updateOne", { _id: 2 }, { $set: { title: "changed" } })
        await world.system("owned", "deleteOne", { _id: 3 })
        await world.system("owned", "insertOne", { ...mine(), _id: 5 })
        await until(() => events.length > 0, () => events)
        await world.system("owned", "deleteOne", { _id: 4 })
        await world.system("owned", "insertOne", { ...mine(), _id: 6 })
        await until(() => events.length > 1, () => events)
      } finally {
        await close()
      }
      expect(events.map(({ operationType, documentKey, fullDocument }) => ({ operationType, documentKey, fullDocument }))).toEqual([5, 6].map((_id) => ({ operationType: "insert", documentKey: { _id }, fullDocument: { ...mine(), _id } })))
    })

    test("R23: a denial is a 4xx with a code, and its text names no document", async () => {
      await world.seed("owned", [mine()])
      const answers = [
        await ana.call("owned", "insertOne", { document: { ...theirs, title: "whatever" } }),
        await ana.call("owned", "updateOne", { query: { _id: 1 }, update: { $set: { owner_id: other, title: "whatever" } } }),
        await ana.call("r12", "insertMany", { documents: [{ _id: 1, title: "whatever" }] }),
      ]
      await world.seed("r09", [{ _id: 1, title: "whatever" }])
      answers.push(await ana.call("r09", "deleteMany", { query: {} }))
      expect(answers).toMatchObject([denied("insert not permitted"), denied("update not permitted"), denied("insert not permitted"), denied("delete not permitted")])
      expect(JSON.stringify(answers)).not.toMatch(new RegExp(`whatever|owner|${other}`))
    })

    test("R24: limit counts visible documents", async () => {
      await world.seed("r24", Array.from({ length: 20 }, (_, n) => ({ _id: n, owner_id: n % 2 === 0 ? other : ana.id, n: n === 1 ? 100 : n })))
      const page = async (argument: Document): Promise<unknown> => ((await ana.value("r24", "find", { query: {}, ...argument })) as Document[]).map(({ _id }) => _id)
      expect(await page({ limit: 3, sort: { _id: 1 } })).toEqual([1, 3, 5])
      // A document that hides what the order looks at is not in it.
      expect(await page({ limit: 3, sort: { n: 1 } })).toEqual([3, 5, 7])
      expect(await page({ limit: 2, sort: { n: -1 } })).toEqual([19, 17])
      expect(await ana.value("r24", "count", { query: {}, limit: 4 })).toEqual(Long.fromNumber(4))
    })
  })
}
