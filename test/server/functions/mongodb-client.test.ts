// The MongoDB client of functions, over the real runtime, data service and embedded store: what the cases do not reach.
import { afterAll, describe, expect, test } from "vitest"
import { createRuntime } from "../../../runtime/index.ts"
import { openWorld, type Answer } from "../../conformance/functions-world.ts"

const runtime = createRuntime()
afterAll(() => runtime.close(0))

const three = [{ _id: 1, a: 1 }, { _id: 2, a: 2 }, { _id: 3, a: 3 }]

/** Runs the body of a function with a collection `c` of three documents and a database `db`; as the system unless `rules` are given. */
async function run(body: string, rules?: object): Promise<Answer> {
  const source = `exports = async () => { const db = context.services.get("mongodb-atlas").db("d"); const c = db.collection("c"); ${body} }`
  const world = await openWorld({
    id: "x", name: "x", group: "mongodb", functions: { main: { source, run_as_system: rules === undefined } }, data: { "mongodb-atlas": { d: { c: three } } },
    ...(rules === undefined ? {} : { rules: { "mongodb-atlas.d.c": rules as never } }),
  }, runtime)
  try {
    return await world.call({})
  } finally {
    await world.close()
  }
}

const ints = (...numbers: number[]): object[] => numbers.map((number) => ({ $numberInt: String(number) }))

describe("cursors", () => {
  test("an aggregation that writes is over when its cursor has been read", async () => {
    expect(await run('const read = await c.aggregate([{ $out: "o" }]).toArray(); return [read.length, await db.collection("o").count()]')).toMatchObject({ result: ints(0, 3) })
  })

  test("an aggregation that begins at once and is refused is refused where its cursor is read", async () => {
    const rules = { roles: [{ name: "all", apply_when: {}, read: true, write: true, insert: true, delete: true, search: true }] }
    const read = "try { await c.aggregate([{ $out: 'o' }]).toArray() } catch (error) { return error.message }"
    expect(await run(read, rules)).toMatchObject({ result: expect.stringContaining("$out") })
  })

  test.each(["c.find()", "c.find().map((each) => each)", "c.aggregate([{ $match: {} }])"])("reads of %s that are begun together get a document each", async (cursor) => {
    const { result } = await run(`const cursor = ${cursor}; const read = await Promise.all([1, 2, 3, 4].map(() => cursor.next())); return read.map((each) => each === undefined ? 0 : each._id)`)
    expect(result).toEqual(ints(1, 2, 3, 0))
  })
})

describe("a change without a filter changes nothing", () => {
  test.each([
    "c.deleteOne()", "c.deleteMany(undefined)", "c.deleteMany(null)", "c.updateOne(undefined, { $set: { a: 0 } })", "c.updateMany(undefined, { $set: { a: 0 } })", "c.replaceOne(undefined, { a: 0 })", "c.findOneAndDelete()",
    "c.findOneAndUpdate(undefined, { $set: { a: 0 } })", "c.bulkWrite([{ deleteMany: {} }])", "(async () => { const bulk = c.initializeOrderedBulkOp(); bulk.find().delete(); return bulk.execute() })()",
  ])("%s", async (call) => {
    const { result } = await run(`let said; try { await ${call} } catch (error) { said = [error.code, error.message] } return [said, await c.find({}, { _id: 0 }).toArray()]`)
    expect(result).toEqual([["InvalidParameter", "filter must be a document"], three.map(({ a }) => ({ a: { $numberInt: String(a) } }))])
  })

  test("an empty filter means every document", async () => {
    expect(await run("return (await c.deleteMany({})).deletedCount")).toMatchObject({ result: { $numberInt: "3" } })
  })
})

describe("undefined in a condition is refused", () => {
  test.each([
    "c.aggregate([{ $match: { b: undefined } }]).toArray()", "c.aggregate([{ $facet: { x: [{ $match: { b: undefined } }] } }]).toArray()", "c.aggregate([{ $lookup: { from: 'c', as: 'd', pipeline: [{ $match: { b: undefined } }] } }]).toArray()",
    "c.bulkWrite([{ deleteMany: { filter: { b: undefined } } }])", "(async () => { const bulk = c.initializeUnorderedBulkOp(); bulk.find({ b: undefined }).update({ $set: { a: 0 } }); return bulk.execute() })()",
    "c.updateMany({}, { $set: { 'l.$[e]': 1 } }, { arrayFilters: [{ e: undefined }] })", "c.bulkWrite([{ updateMany: { filter: {}, update: { $set: { 'l.$[e]': 1 } }, arrayFilters: [{ e: undefined }] } }])",
  ])("%s", async (call) => {
    const { result } = await run(`let said; try { await ${call} } catch (error) { said = [error.code, error.message] } return [said, await c.find({}, { _id: 0 }).toArray()]`)
    expect(result).toEqual([["MongoDBError", "(BadValue) cannot compare to undefined"], three.map(({ a }) => ({ a: { $numberInt: String(a) } }))])
  })

  test("what an expression compares with it is no condition", async () => {
    expect(await run("return (await c.aggregate([{ $project: { b: { $ifNull: [undefined, 7] } } }]).toArray()).map(({ b }) => b)")).toMatchObject({ result: ints(7, 7, 7) })
  })
})

describe("names of databases and collections", () => {
  test.each([
    ["db.collection()", "TypeError: the name of a collection must be a string"], ["db.collection(null)", "TypeError: the name of a collection must be a string"], ["db.collection({})", "TypeError: the name of a collection must be a string"],
    ['context.services.get("mongodb-atlas").db(context.values.get("none"))', "TypeError: the name of a database must be a string"], ['db.collection("").findOne()', "database and collection are names"], ['db.aggregate([]).toArray()', "db.aggregate is not available in this server"],
  ])("%s is refused", async (call, error) => {
    expect(await run(`await ${call}`)).toMatchObject({ error: { error } })
  })
})
