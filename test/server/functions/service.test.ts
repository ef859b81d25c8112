// Who may call a function and as whom, what it is given, what it may reach, and what the log keeps.
import { describe, expect, test } from "vitest"
import type { CallRequest, GuestAnswer } from "../../../runtime/index.ts"
import { createFunctions, type FunctionLogEntry, type Functions, type FunctionsOptions } from "../../../server/functions/index.ts"
import type { AppFunction } from "../../../server/app/index.ts"
import { ada, appOf, asAda, ask, dataOperation, FakeData, FakeRuntime, functionOf, returned } from "./world.ts"

interface World { readonly functions: Functions; readonly runtime: FakeRuntime; readonly data: FakeData; readonly log: FunctionLogEntry[] }

async function open(list: readonly AppFunction[], options: Partial<FunctionsOptions> = {}): Promise<World> {
  const runtime = new FakeRuntime()
  const data = new FakeData()
  const log: FunctionLogEntry[] = []
  const functions = await createFunctions({
    app: appOf(list), runtime, data, userLookup: async (id) => (id === "u2" ? { ...ada, id: "u2" } : null), resolveValue: (value) => value.value, log: (entry) => log.push(entry), ...options,
  })
  return { functions, runtime, data, log }
}

const partOf = (answer: GuestAnswer | undefined): { documents: unknown[]; cursor: string | null } => {
  if (answer?.ok !== true) throw new Error("refused")
  return answer.value as { documents: unknown[]; cursor: string | null }
}

/** Answers the next call with the operations of the test, run inside it. */
function during(world: World, work: (request: CallRequest) => Promise<void>): Promise<string> {
  world.runtime.respond = async (request) => {
    await work(request)
    return returned("1")
  }
  return world.functions.run("main", [], asAda, { via: "client" })
}

describe("admission", () => {
  test("unknown, private, refused, malformed: in this order, and nothing runs", async () => {
    const { functions, runtime } = await open([
      functionOf("hidden", { private: true, canEvaluate: { file: "", raw: { "%%user.id": "nobody" } } }),
      functionOf("guarded", { canEvaluate: { file: "", raw: { "%%user.id": "nobody" } }, runAsUserIdScript: "exports = () => 'u2'" }),
      functionOf("open"),
    ])
    await expect(functions.run("toString", [], asAda, { via: "client" })).rejects.toMatchObject({ code: "FunctionNotFound" })
    await expect(functions.run("hidden", [], asAda, { via: "client" })).rejects.toMatchObject({ code: "NotCallable" })
    await expect(functions.run("guarded", [], asAda, { via: "client" })).rejects.toMatchObject({ code: "FunctionExecutionError", message: 'rule not matched for function "guarded"' })
    await expect(functions.run("open", { 0: 1 }, asAda, { via: "client" })).rejects.toMatchObject({ code: "InvalidParameter" })
    await expect(functions.run("open", [{ $oid: "x" }], asAda, { via: "client" })).rejects.toMatchObject({ code: "InvalidParameter" })
    expect(runtime.calls).toEqual([])
  })

  test("triggers, rules and administrators are not asked, endpoints are", async () => {
    const { functions } = await open([functionOf("guarded", { private: true, canEvaluate: { file: "", raw: { "%%user.id": "nobody" } } })])
    for (const via of ["database-trigger", "rule", "administrator", "authentication"] as const) await expect(functions.run("guarded", [], asAda, { via })).resolves.toBe("1")
    await expect(functions.run("guarded", [], asAda, { via: "endpoint" })).rejects.toMatchObject({ code: "FunctionExecutionError" })
  })

  test.each<[string, unknown]>([["with an operator there is not", { "%%user.id": { $nosuch: 1 } }], ["that is a list", []], ["that is text", "%%true"]])("an expression %s admits nobody", async (_name, raw) => {
    const { functions } = await open([functionOf("broken", { canEvaluate: { file: "", raw } })])
    await expect(functions.run("broken", [], asAda, { via: "client" })).rejects.toMatchObject({ code: "FunctionExecutionError" })
  })

  test("a `%function` in it is called and awaited", async () => {
    const { functions, runtime } = await open([functionOf("main", { canEvaluate: { file: "", raw: { "%%true": { "%function": { name: "mayI", arguments: [] } } } } }), functionOf("mayI", { private: true })])
    runtime.respond = ({ start }) => returned(start.function === "mayI" ? "true" : "5")
    await expect(functions.run("main", [], asAda, { via: "client" })).resolves.toBe("5")
    runtime.respond = ({ start }) => returned(start.function === "mayI" ? "false" : "5")
    await expect(functions.run("main", [], asAda, { via: "client" })).rejects.toMatchObject({ code: "FunctionExecutionError" })
  })
})

describe("identity", () => {
  const notes = (token: string) => [dataOperation(1, token, "count", { filter: {}, options: {} })]

  test("the caller's token is the caller, the system's is the system with the caller's request", async () => {
    const world = await open([functionOf("main", { source: 'exports = () => context.functions.execute("sys")' }), functionOf("sys", { runAsSystem: true })])
    await during(world, async (request) => {
      await ask(request, notes(request.start.identities.caller))
      await ask(request, notes(request.start.identities.system))
    })
    expect(world.data.seen.map(({ caller }) => [caller.system, caller.user["id"]])).toEqual([[false, "u1"], [true, "u1"]])
  })

  test("a call that no system function can be part of has no token of the system", async () => {
    const world = await open([functionOf("main", { source: "exports = () => context.user.id" }), functionOf("sys", { runAsSystem: true })])
    await during(world, async ({ start }) => expect(start.identities.system).toBe(""))
    world.runtime.respond = () => returned("1")
    await world.functions.run("sys", [], asAda, { via: "client" })
    expect(world.runtime.calls[1]?.start.entry).toMatchObject({ system: true, identity: expect.stringMatching(/^[0-9a-f-]{36}$/) as string })
  })

  test("a computed name in execute can be any function", async () => {
    const world = await open([functionOf("main", { source: "exports = (n) => context.functions.execute(n)" }), functionOf("sys", { runAsSystem: true })])
    await during(world, async ({ start }) => expect(start.identities.system).not.toBe(""))
  })

  test("made-up tokens, tokens of other calls and the empty one are refused", async () => {
    const world = await open([functionOf("main")])
    let before = ""
    await during(world, async ({ start }) => {
      before = start.identities.caller
    })
    await during(world, async (request) => {
      for (const token of [before, "", "caller", "system", "u1"]) expect(await ask(request, notes(token))).toMatchObject([{ ok: false, code: "FunctionExecutionError" }])
    })
    expect(world.data.seen).toEqual([])
  })

  test("a fixed user is looked up, and must exist", async () => {
    const world = await open([functionOf("main", { runAsUserId: "u2" }), functionOf("gone", { runAsUserId: "u3" })])
    await during(world, async (request) => void (await ask(request, notes(request.start.entry?.identity ?? ""))))
    expect(world.data.seen[0]?.caller).toMatchObject({ system: false, user: { id: "u2" } })
    await expect(world.functions.run("gone", [], asAda, { via: "client" })).rejects.toMatchObject({ code: "FunctionExecutionError" })
  })

  test("a trigger runs as the system, whatever the function's own settings say", async () => {
    const world = await open([functionOf("fixed", { runAsUserId: "u2" }), functionOf("gone", { runAsUserId: "u3" }), functionOf("scripted", { runAsUserIdScript: "exports = () => 'u2'" }), functionOf("plain")])
    world.runtime.respond = async (request) => {
      await ask(request, notes(request.start.entry?.identity ?? ""))
      return returned("1")
    }
    for (const via of ["database-trigger", "authentication-trigger", "scheduled-trigger"] as const) {
      for (const name of ["fixed", "gone", "scripted", "plain"]) await world.functions.run(name, [], { kind: "system" }, { via })
    }
    expect(world.runtime.calls.map(({ start }) => [start.function, start.entry?.system])).toEqual([1, 2, 3].flatMap(() => ["fixed", "gone", "scripted", "plain"].map((name) => [name, true])))
    expect(world.data.seen.map(({ caller }) => caller.system)).toEqual(Array.from({ length: 12 }, () => true))
  })

  test("rules find nothing of a request where there was none; a function sees empty texts, also one that a rule calls", async () => {
    const empty = { remoteIPAddress: "", requestHeaders: {}, rawQueryString: "", service: "", action: "" }
    const guarded = functionOf("guarded", { canEvaluate: { file: "", raw: { "%%request.remoteIPAddress": { $exists: false } } } })
    const world = await open([functionOf("main", { runAsUserId: "u2" }), functionOf("asked"), guarded])
    world.runtime.respond = async (request) => {
      if (request.start.function === "main") await ask(request, notes(request.start.entry?.identity ?? ""))
      return returned("1")
    }
    await world.functions.run("main", [], { kind: "system" }, { via: "authentication" })
    const [seen] = world.data.seen
    expect(seen?.caller).toMatchObject({ system: false, user: { id: "u2" } })
    expect(seen?.caller.request).toEqual({})
    await world.functions.call("asked", [], seen?.caller ?? { system: true, user: {}, request: {} })
    expect(world.runtime.calls.map(({ start }) => start.request)).toEqual([empty, empty])
    await world.functions.run("asked", [], asAda, { via: "client" })
    expect(world.runtime.calls[2]?.start.request).toEqual({ ...empty, remoteIPAddress: "192.0.2.1" })
    await expect(world.functions.run("guarded", [], { kind: "system" }, { via: "endpoint" })).resolves.toBe("1")
    await expect(world.functions.run("guarded", [], asAda, { via: "client" })).rejects.toMatchObject({ code: "FunctionExecutionError" })
  })

  test("a script runs once a call, as the caller; what is no user id refuses the call", async () => {
    const world = await open([functionOf("main", { runAsUserIdScript: "exports = () => 1" })])
    for (const [answer, refused] of [['"u2"', false], ['{"runAsSystem":true}', false], ['"u9"', true], ['{"$undefined":true}', true], ['{"runAsSystem":1}', true], ['""', true]] as const) {
      world.runtime.calls.length = 0
      world.runtime.respond = ({ start }) => returned(start.function === "main" ? "1" : answer)
      const call = world.functions.run("main", [], asAda, { via: "client" })
      if (refused) await expect(call, answer).rejects.toMatchObject({ code: "FunctionExecutionError" })
      else await expect(call, answer).resolves.toBe("1")
      expect(world.runtime.calls.map(({ start }) => start.function).filter((name) => name !== "main")).toEqual(["\0script:main"])
      expect(world.runtime.calls[0]?.start.entry?.system).toBe(false)
    }
  })

  test("a rule's function runs as the user of the rule, one level deeper", async () => {
    const world = await open([functionOf("main", { private: true })])
    world.runtime.respond = async (request) => {
      await ask(request, notes(request.start.identities.caller))
      return returned('{"$numberInt":"3"}')
    }
    await expect(world.functions.call("main", [1], { system: false, user: ada, request: {}, ruleDepth: 1 })).resolves.toBe(3)
    expect(world.data.seen[0]?.caller).toMatchObject({ system: false, ruleDepth: 2 })
  })
})

describe("capabilities", () => {
  test("long results come in parts, known by ids of this call, closed at its end", async () => {
    const world = await open([functionOf("main")])
    world.data.documents = Array.from({ length: 2500 }, (_, n) => ({ n }))
    let id = ""
    await during(world, async (request) => {
      const [first] = await ask(request, [dataOperation(1, request.start.identities.caller, "find", { filter: {}, projection: null, options: {} })])
      const { documents, cursor } = partOf(first)
      id = cursor ?? ""
      expect(documents).toHaveLength(1000)
      const [second] = await ask(request, [{ id: 2, kind: "cursor", cursor: id, name: "next" }])
      expect(partOf(second).documents).toHaveLength(1000)
    })
    expect(world.data.closedCursors).toBe(1)
    await during(world, async (request) => expect(await ask(request, [{ id: 1, kind: "cursor", cursor: id, name: "next" }])).toMatchObject([{ ok: false }]))
  })

  test("a result is cut at 50,000 documents, with a line in the log", async () => {
    const world = await open([functionOf("main")])
    world.data.documents = Array.from({ length: 50_010 }, (_, n) => ({ n }))
    let read = 0
    await during(world, async (request) => {
      let [answer] = await ask(request, [dataOperation(1, request.start.identities.caller, "find", { filter: {}, options: {} })])
      for (;;) {
        const { documents, cursor } = partOf(answer)
        read += documents.length
        if (cursor === null) break
        ;[answer] = await ask(request, [{ id: 2, kind: "cursor", cursor, name: "next" }])
      }
    })
    expect(read).toBe(50_000)
    expect(world.log[0]?.messages.map(({ text }) => text)).toContain("a query result was cut at 50000 documents")
  })

  test("transactions left open are aborted; sessions keep to their service and rights", async () => {
    const world = await open([functionOf("main", { source: 'exports = () => context.functions.execute("sys")' }), functionOf("sys", { runAsSystem: true })])
    await during(world, async (request) => {
      const { caller, system } = request.start.identities
      const [started, joined, foreign] = await ask(request, [
        { id: 1, kind: "session", identity: caller, service: "mongodb-atlas", session: "s1", name: "start" }, dataOperation(2, caller, "count", { options: {} }, "s1"), dataOperation(3, system, "count", { options: {} }, "s1"),
      ])
      expect([started?.ok, joined?.ok, foreign?.ok]).toEqual([true, true, false])
    })
    expect(world.data.seen[0]?.session).toBeDefined()
    expect(world.data.sessions).toEqual(["start", "abort"])
  })

  test("an operation joins the transaction begun in the same message, also when its identity is looked up", async () => {
    const world = await open([functionOf("main", { runAsUserId: "u2" })], { userLookup: async (id) => { await new Promise((resolve) => { setTimeout(resolve, 5) }); return { ...ada, id } } })
    await during(world, async (request) => {
      const token = request.start.entry?.identity ?? ""
      await ask(request, [{ id: 1, kind: "session", identity: token, service: "mongodb-atlas", session: "s1", name: "start" }, dataOperation(2, token, "count", { options: {} }, "s1")])
    })
    expect(world.data.seen[0]?.session).toBeDefined()
  })

  test("what begins when the call has ended is closed at once", async () => {
    const world = await open([functionOf("main")])
    world.data.documents = Array.from({ length: 2500 }, (_, n) => ({ n }))
    let late: Promise<unknown> | undefined
    await during(world, async (request) => {
      late = ask(request, [dataOperation(1, request.start.identities.caller, "find", { filter: {}, options: {} }), { id: 2, kind: "session", identity: request.start.identities.caller, service: "mongodb-atlas", session: "s1", name: "start" }])
    })
    await late
    expect(world.data.closedCursors).toBe(1)
    expect(world.data.sessions).toEqual(["start", "abort"])
  })

  test("undefined in a query, unknown methods and wrong arguments are refused before the data service", async () => {
    const world = await open([functionOf("main")])
    await during(world, async (request) => {
      const token = request.start.identities.caller
      expect(await ask(request, [
        dataOperation(1, token, "findOne", { filter: { a: { $in: [{ $undefined: true }] } } as never, options: {} }), dataOperation(2, token, "constructor", {}), dataOperation(3, token, "insertOne", { document: 5, options: {} }),
        dataOperation(4, token, "count", { filter: {}, options: { collation: { locale: "de" } } }), dataOperation(5, token, "bulkWrite", { operations: [{ drop: {} }] as never }),
      ])).toMatchObject([
        { code: "MongoDBError", message: "(BadValue) cannot compare to undefined" }, { code: "FunctionExecutionError" }, { code: "InvalidParameter" }, { code: "FunctionExecutionError" }, { code: "InvalidParameter" },
      ])
    })
    expect(world.data.seen).toEqual([])
  })

  test("passing by the schema is for system functions: a user's is refused, not done under the schema as if nothing had been asked", async () => {
    const world = await open([functionOf("main", { source: 'exports = () => context.functions.execute("sys")' }), functionOf("sys", { runAsSystem: true })])
    const insert = (id: number, token: string, bypassDocumentValidation: unknown) => dataOperation(id, token, "insertOne", { document: {}, options: { bypassDocumentValidation } as never })
    await during(world, async (request) => {
      const { caller, system } = request.start.identities
      expect(await ask(request, [insert(1, caller, true), insert(2, caller, false), insert(3, system, true), insert(4, caller, "yes")])).toMatchObject([
        { ok: false, code: "FunctionExecutionError", message: "the option bypassDocumentValidation is available to system functions only" }, { ok: true }, { ok: true }, { ok: false, code: "InvalidParameter" },
      ])
    })
    expect(world.data.seen.map(({ caller }) => caller.system)).toEqual([false, true])
  })
})

describe("log entries", () => {
  test("say what was called, by whom, and how it ended", async () => {
    const { functions, log } = await open([functionOf("main")])
    await functions.run("main", ["x"], asAda, { via: "client", logFields: { co_id: "c1" } })
    expect(log[0]).toMatchObject({
      type: "FUNCTION", co_id: "c1", status: 200, user_id: "u1", remote_ip_address: "192.0.2.1", function_id: "id-main", function_name: "main", function_call: { name: "main", arguments: ["x"], service: "" },
      messages: [{ level: "log", text: "line" }], error_logs: ["bad"], mem_time_usage: 200,
    })
  })

  test("leave arguments out when told, and name the error without its inside", async () => {
    const { functions, log, runtime } = await open([functionOf("main", { disableArgLogs: true })])
    await functions.run("main", ["secret"], asAda, { via: "scheduled-trigger" })
    runtime.respond = () => { throw new Error("inside") }
    await expect(functions.run("main", ["secret"], asAda, { via: "client" })).rejects.toThrow()
    expect(log[0]).toMatchObject({ type: "SCHEDULED_TRIGGER" })
    expect(log[1]).toMatchObject({ status: 500, error: "internal server error", error_code: "InternalServerError" })
    expect(JSON.stringify(log)).not.toMatch(/secret|inside/)
  })

  test("hold what an identity script printed, also one that fails", async () => {
    const { functions, runtime, log } = await open([functionOf("main", { runAsUserIdScript: "exports = () => 1" })])
    for (const answer of ['"u2"', "5"]) {
      runtime.respond = ({ start }) => (start.function === "main" ? { ...returned("1"), logs: [] } : { ...returned(answer), logs: [{ level: "log", text: `script ${answer}` }] })
      await functions.run("main", [], asAda, { via: "client" }).catch(() => undefined)
    }
    expect(log.map(({ status, messages }) => [status, messages])).toEqual([[200, [{ level: "log", text: 'script "u2"' }]], [400, [{ level: "log", text: "script 5" }]]])
  })

  test("each way to end has its code", async () => {
    const { functions, runtime, log } = await open([functionOf("main")])
    const usage = { wallMs: 0, cpuMs: 0, heapBytes: 0 }
    for (const [outcome, code] of [
      [{ kind: "terminated", reason: "wall-time" }, "ExecutionTimeLimitExceeded"], [{ kind: "terminated", reason: "memory" }, "FunctionExecutionError"], [{ kind: "terminated", reason: "executor-lost" }, "InternalServerError"],
      [{ kind: "terminated", reason: "never-settles" }, "FunctionExecutionError"], [{ kind: "refused", reason: "too-many-requests" }, "TooManyRequests"], [{ kind: "refused", reason: "unavailable" }, "InternalServerError"],
      [{ kind: "threw", error: { name: "E", message: "m", code: "FunctionInvalid", stack: "at x" } }, "FunctionInvalid"],
    ] as const) {
      runtime.respond = () => ({ ...outcome, logs: [], usage })
      await expect(functions.run("main", [], asAda, { via: "client" })).rejects.toMatchObject({ code })
    }
    expect(log.at(-1)).toMatchObject({ stack: "at x", status: 400 })
  })
})
