// What the guest asks the host for, and when.
import { describe, expect, test } from "vitest"
import type { GuestOperation } from "../../../runtime/protocol.ts"
import { runGuest, type Run } from "./harness.ts"

const notes = 'const notes = context.services.get("mongodb-atlas").db("app").collection("notes");'
const run = (body: string, options: Parameters<typeof runGuest>[1] = {}): Promise<Run> => runGuest({ main: `exports = async () => { ${notes} ${body} }` }, options)
const resultOf = ({ end }: Run): unknown => (end.ok ? JSON.parse(end.result) : end)
const names = (operations: readonly GuestOperation[]): string[] => operations.map((each) => (each.kind === "data" ? each.name : each.kind === "session" || each.kind === "cursor" ? `${each.kind} ${each.name}` : each.kind))

describe("batches", () => {
  test("operations begun in one turn are one message, also across awaits of that turn", async () => {
    const { messages } = await run("const work = async () => { await null; return notes.count() }; await Promise.all([notes.count(), notes.findOne(), work()])", { answer: () => 0 })
    expect(messages.filter(({ kind }) => kind === "ops")).toHaveLength(1)
  })

  test("a call without operations is one message", async () => {
    const { messages } = await run("return 1")
    expect(messages.map(({ kind }) => kind)).toEqual(["end"])
  })

  test("more than the limit at once are refused in the guest", async () => {
    const { end, operations } = await run("await Promise.all(Array.from({ length: 11 }, () => notes.count()))", { start: { limits: { executeDepth: 100, executions: 100, outstanding: 10, resultBytes: 1000 } }, answer: () => 0 })
    expect(end).toMatchObject({ ok: false, code: "FunctionExecutionError", message: expect.stringContaining("too many operations") as string })
    expect(operations.filter(({ kind }) => kind === "data")).toHaveLength(10)
  })

  test("arguments are taken as they are when the method is called", async () => {
    const { operations } = await run("const d = { a: 1 }; const p = notes.insertOne(d); d.a = 2; await p")
    expect(operations[0]).toMatchObject({ name: "insertOne", args: { document: { a: { $numberInt: "1" } } } })
  })

  test("undefined is null in documents and stays in queries", async () => {
    const { operations } = await run("await notes.updateOne({ a: undefined }, { $set: { b: undefined } })")
    expect(operations[0]).toMatchObject({ args: { filter: { a: { $undefined: true } }, update: { $set: { b: null } } } })
  })

  test("what cannot be encoded rejects and sends nothing", async () => {
    const { end, operations } = await run("try { await notes.insertOne({ big: 2n ** 80n }) } catch (error) { return error.name }")
    expect(end).toMatchObject({ ok: true, result: '"RangeError"' })
    expect(operations).toEqual([])
  })
})

describe("cursors", () => {
  const documents = (operation: GuestOperation) => (operation.kind === "cursor" ? { documents: [{ n: 3 }], cursor: null } : { documents: [{ n: 1 }, { n: 2 }], cursor: "c1" })

  test("send nothing before they are read", async () => {
    const { operations } = await run("notes.find().sort({ a: 1 }); notes.aggregate([{ $match: {} }]); return 1")
    expect(operations).toEqual([])
  })

  test("carry sort, skip and limit, and read to their end", async () => {
    const read = await run("return (await notes.find({ a: 1 }, { b: 1 }).sort({ c: -1 }).skip(2).limit(9).toArray()).map((x) => x.n)", { answer: documents })
    expect(resultOf(read)).toEqual([{ $numberInt: "1" }, { $numberInt: "2" }, { $numberInt: "3" }])
    expect(names(read.operations)).toEqual(["find", "cursor next"])
    expect(read.operations[0]).toMatchObject({ args: { filter: { a: { $numberInt: "1" } }, projection: { b: { $numberInt: "1" } }, options: { sort: { c: { $numberInt: "-1" } }, skip: { $numberInt: "2" }, limit: { $numberInt: "9" } } } })
  })

  test("iterate, and close when left early", async () => {
    const { operations } = await run("for await (const x of notes.find()) if (x.n === 2) break", { answer: documents })
    expect(names(operations)).toEqual(["find", "cursor close"])
  })

  test("hasNext, forEach and map", async () => {
    expect(resultOf(await run("const seen = []; const c = notes.find(); if (await c.hasNext()) await c.forEach((x) => { seen.push(x.n) }); return [seen.length, await notes.find().map((x) => x.n * 2).toArray()]", { answer: documents })))
      .toEqual([{ $numberInt: "3" }, [{ $numberInt: "2" }, { $numberInt: "4" }, { $numberInt: "6" }]])
  })

  test("skip on an aggregation is a stage more; sort is not there", async () => {
    const { operations, end } = await run("const c = notes.aggregate([{ $match: {} }]); await c.skip(1).toArray(); return typeof c.sort", { answer: documents })
    expect(operations[0]).toMatchObject({ args: { pipeline: [{ $match: {} }, { $skip: { $numberInt: "1" } }] } })
    expect(end).toMatchObject({ result: '"undefined"' })
  })

  test("inside a result are read, each once", async () => {
    const read = await run("const c = notes.find(); return { a: c, b: [c] }", { answer: () => ({ documents: [{ n: 1 }], cursor: null }) })
    expect(resultOf(read)).toEqual({ a: [{ n: { $numberInt: "1" } }], b: [[{ n: { $numberInt: "1" } }]] })
    expect(read.operations).toHaveLength(1)
  })
})

describe("sessions", () => {
  const body = (inside: string): string => `const session = context.services.get("mongodb-atlas").startSession(); const r = await session.withTransaction(async () => { ${inside} }); session.endSession(); return r`

  test("start, join and commit", async () => {
    const { operations } = await run(body("await notes.insertOne({ a: 1 }, { session }); await notes.count({}, { session })"))
    expect(names(operations)).toEqual(["session start", "insertOne", "count", "session commit"])
    expect(operations[1]).toMatchObject({ session: "s1", args: { options: {} } })
  })

  test("an abort inside ends without commit", async () => {
    expect(names((await run(body("await session.abortTransaction()"))).operations)).toEqual(["session start", "session abort"])
  })

  test("a transient error is tried again, another is not", async () => {
    let failures = 2
    const transient = await run(body("await notes.count({}, { session }); return 7"), { answer: (operation) => { if (operation.kind === "data" && failures-- > 0) throw { code: "MongoDBError", message: "write conflict", transient: true }; return 0 } })
    expect(resultOf(transient)).toEqual({ $numberInt: "7" })
    expect(names(transient.operations).filter((name) => name === "session abort")).toHaveLength(2)
    const lasting = await run(body("await notes.count({}, { session })"), { answer: (operation) => { if (operation.kind === "data") throw { code: "MongoDBError", message: "no" }; return 0 } })
    expect(lasting.end).toMatchObject({ ok: false, message: "no" })
  })

  test("one that has ended is refused, by operations too", async () => {
    const { end, operations } = await run('const session = context.services.get("mongodb-atlas").startSession(); await session.endSession(); await notes.insertOne({ a: 1 }, { session })')
    expect([end, operations]).toMatchObject([{ ok: false, message: "Error: Cannot use a session that has ended" }, []])
  })

  test("something else as session is refused", async () => {
    expect((await run("await notes.count({}, { session: { id: 's1' } })")).end).toMatchObject({ ok: false, name: "TypeError" })
  })
})

describe("queries", () => {
  // A condition that got lost would select every document.
  test.each(["() => 1", 'Symbol("x")', "Promise.resolve(1)", "notes.find()", "new Date(NaN)", "[() => 1]", "{ $ne: Promise.resolve(1) }"])("with %s in them are refused and nothing is sent", async (value) => {
    for (const call of ["find({ a: VALUE }).toArray()", "deleteMany({ a: VALUE })", "updateOne({ a: VALUE }, { $set: { b: 1 } })", "findOneAndDelete({ $or: [{ a: VALUE }] })", "count({ a: VALUE })", 'distinct("a", { a: VALUE })', "aggregate([{ $match: { a: VALUE } }]).toArray()", "bulkWrite([{ deleteMany: { filter: { a: VALUE } } }])"]) {
      const { end, operations } = await run(`await notes.${call}`.replaceAll("VALUE", value))
      expect([end, operations], call).toMatchObject([{ ok: false, name: "TypeError", message: expect.stringContaining("cannot be part of a query") as string }, []])
    }
  })

  test("keep undefined in filters of a bulk, where documents have null", async () => {
    const { operations } = await run('await notes.bulkWrite([{ deleteOne: { filter: { a: undefined } } }, { updateMany: { filter: {}, update: { $set: { a: undefined } }, arrayFilters: [{ e: undefined }] } }, { insertOne: { document: { filter: undefined } } }, { insertOne: { filter: undefined } }])')
    const missing = { $undefined: true }
    expect(operations[0]).toMatchObject({ args: { operations: [{ deleteOne: { filter: { a: missing } } }, { updateMany: { filter: {}, update: { $set: { a: null } }, arrayFilters: [{ e: missing }] } }, { insertOne: { document: { filter: null } } }, { insertOne: { filter: null } }] } })
  })
})

describe("bulk builders", () => {
  test("give the operations of bulkWrite", async () => {
    const { operations } = await run("const b = notes.initializeUnorderedBulkOp(); b.insert({ _id: 1 }); b.find({ a: 1 }).upsert().update({ $set: { b: 1 } }); b.find({}).removeOne(); await b.execute()")
    expect(operations[0]).toMatchObject({
      name: "bulkWrite",
      args: { operations: [{ insertOne: { document: { _id: { $numberInt: "1" } } } }, { updateMany: { filter: { a: { $numberInt: "1" } }, update: { $set: { b: { $numberInt: "1" } } }, upsert: true } }, { deleteOne: { filter: {} } }], options: { ordered: false } },
    })
  })
})

describe("identity", () => {
  const functions = { main: `exports = async () => { ${notes} await notes.count(); await context.functions.execute("sys").count(); await context.functions.execute("fixed").count(); await (await context.functions.execute("scripted")).count() }`, sys: `${notes} exports = () => notes`, fixed: `${notes} exports = () => notes`, scripted: `${notes} exports = () => notes` }
  const runAs = { sys: { kind: "system" }, fixed: { kind: "user", id: "u1" }, scripted: { kind: "script", source: "" } } as const

  test("operations carry the token of the function that opened the handle", async () => {
    const { operations } = await runGuest(functions, {
      runAs, start: { identities: { caller: "t-caller", system: "t-system", users: { u1: "t-u1" } } },
      answer: (operation) => (operation.kind === "script" ? { identity: "t-script", system: false } : 0),
    })
    expect(operations.filter((each) => each.kind === "data").map((each) => each.identity)).toEqual(["t-caller", "t-system", "t-u1", "t-script"])
  })

  test("identity scripts are no functions of execute", async () => {
    const { end } = await runGuest({ main: 'exports = () => context.functions.execute("\\0script:main")', "\0script:main": "exports = () => 1" })
    expect(end).toMatchObject({ ok: false, message: expect.stringContaining("function not found") as string })
  })
})

describe("error texts", () => {
  test("as a JSON text when the setting says so", async () => {
    const { end } = await runGuest({ main: "exports = () => { throw new TypeError('bad') }" }, { start: { errorText: "json" } })
    expect(end).toMatchObject({ ok: false, message: '{"message":"bad","name":"TypeError"}' })
  })

  test("of a service are bare, and carry its code inside the function", async () => {
    const answer = (): never => { throw { code: "NoMatchingRuleFound", message: "no rule" } }
    expect((await run("await notes.count()", { answer })).end).toMatchObject({ ok: false, code: "FunctionExecutionError", message: "no rule" })
    expect((await run("try { await notes.count() } catch (error) { return [error.code, error.error_code, error instanceof Error] }", { answer })).end).toMatchObject({ ok: true, result: '["NoMatchingRuleFound","NoMatchingRuleFound",true]' })
  })

  test("are cut, and a value that cannot be shown does not hang the call", async () => {
    const { end } = await run("throw new Error('x'.repeat(1e6))")
    expect(end.ok === false && end.message.length).toBe(4096)
    expect((await run("throw { get a() { throw 1 } }")).end).toMatchObject({ ok: false })
    expect((await run("const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e")).end).toMatchObject({ ok: false, message: "Error" })
    expect((await run("throw Symbol('s')")).end).toMatchObject({ ok: false, message: "Symbol(s)" })
  })
})

describe("the end", () => {
  test("waits for operations nobody awaited, and for what follows them", async () => {
    const { operations, messages } = await run("notes.count().then(() => notes.findOne()).then(() => notes.distinct('a')); return 1", { answer: () => 0 })
    expect(names(operations)).toEqual(["count", "timer", "findOne", "timer", "distinct", "timer"])
    expect(messages.at(-1)).toMatchObject({ kind: "end" })
  })

  test("is sent once, and tells what `response` was told", async () => {
    const { end } = await runGuest({ main: 'exports = ({ body }, response) => { response.setStatusCode(201); response.setHeader("X-A", "1"); response.addHeader("x-a", "2"); response.setBody("hi"); return body.text() }' }, { start: { response: true, args: [{ body: { $binary: { base64: "YWJj", subType: "00" } } }] } })
    expect(end.ok && JSON.parse(end.result)).toEqual({ result: "abc", response: { touched: true, statusCode: { $numberInt: "201" }, headers: [["x-a", ["1", "2"]]], body: "hi" } })
  })

  test("errors thrown in timers fail the call", async () => {
    expect((await run("await new Promise(() => setTimeout(() => { throw new Error('in timer') }, 1))")).end).toMatchObject({ ok: false, message: "Error: in timer" })
  })

  test("a cleared timer is cancelled at the host", async () => {
    const { messages } = await run("const t = setTimeout(() => {}, 1000); clearTimeout(t); await notes.count()", { answer: () => 0 })
    expect(messages[0]).toMatchObject({ kind: "ops", ops: [{ kind: "timer", id: 1 }, { kind: "timer-cancel", timer: 1 }, { kind: "data" }] })
  })
})
