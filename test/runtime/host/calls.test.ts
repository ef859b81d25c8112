import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fakeCapabilities, harness, type Harness } from "./support.ts"

const functions = {
  one: "exports = () => 1",
  add: "exports = (a, b) => a + b",
  nested: "exports = async (name) => context.functions.execute(name)",
  throws: "exports = () => { throw new TypeError('no') }",
  rejects: "exports = async () => { throw new TypeError('no') }",
  broken: "exports = (",
  nothing: "exports = 5",
  globals: "leak = typeof leak; exports = () => leak",
  timer: "exports = () => new Promise((resolve) => setTimeout(() => resolve('due'), 20))",
  cancelled: "exports = () => { clearTimeout(setTimeout(() => {}, 60000)); return new Promise(() => {}) }",
  leftTimer: "exports = () => { setTimeout(() => {}, 60000); return 1 }",
  never: "exports = () => new Promise(() => {})",
  unhandled: "exports = () => { Promise.reject(new Error('boo')); return 1 }",
  handledLate: "exports = async () => { const p = Promise.reject(new Error('boo')); await null; await p.catch(() => {}); return 1 }",
  logs: "exports = () => { for (let k = 0; k < 40; k++) console.log('line', k); return 1 }",
  logsThenLoop: "exports = () => { console.log('last words'); for (;;); }",
  ask: "exports = (operation) => context.ask(operation)",
  askAll: "exports = async (operation, count) => (await Promise.all(Array.from({ length: count }, () => context.ask(operation)))).length",
  raw: "exports = async (operation) => { context.raw(operation); return context.ask({ kind: 'script', name: 'f' }) }",
  large: "exports = (size) => 'x'.repeat(size)",
  modules: "exports = () => require('a').b",
  random: "exports = () => context.random(2)",
  stack: "exports = () => {\n  throw new Error('here')\n}",
}
const count = { kind: "data", identity: "token-caller", service: "s", database: "d", collection: "c", name: "count", args: [] }

let runtime: Harness
beforeAll(async () => {
  runtime = await harness(functions, {}, { a: "module.exports = { b: require('c') + 1 }", c: "module.exports = 1" })
})
afterAll(() => runtime.runtime.close(0))

async function resultOf(name: string, args: Parameters<Harness["call"]>[1] = []): Promise<unknown> {
  const outcome = await runtime.call(name, args)
  return outcome.kind === "returned" ? JSON.parse(outcome.result) : outcome
}

describe("a call", () => {
  test("returns what the function returns", async () => {
    expect(await resultOf("add", [2, 3])).toBe(5)
    expect(await resultOf("random")).toBe("abab")
    expect(await resultOf("modules")).toBe(2)
  })

  test("has the files named in its function at hand, and fetches others", async () => {
    expect(await resultOf("nested", ["one"])).toBe(1)
    expect(await resultOf("nested", ["unknown"])).toMatchObject({ kind: "threw", error: { message: "function not found: 'unknown'" } })
  })

  test("begins in a fresh realm", async () => {
    expect(await resultOf("globals")).toBe("undefined")
    expect(await resultOf("globals")).toBe("undefined")
  })

  test.each([
    ["throws", "TypeError", "FunctionExecutionError"],
    ["rejects", "TypeError", "FunctionExecutionError"],
    ["broken", "SyntaxError", "FunctionSyntaxError"],
    ["nothing", "Error", "FunctionInvalid"],
  ])("%s: ends with its error", async (name, error, code) => {
    expect(await runtime.call(name)).toMatchObject({ kind: "threw", error: { name: error, code } })
  })

  test("has stacks with the file's own name and lines", async () => {
    const outcome = await runtime.call("stack")
    expect(outcome.kind === "threw" && outcome.error.stack).toContain("(functions/stack.js:2:9)")
  })

  test("waits for its timers, and not for those it has cancelled or left", async () => {
    expect(await resultOf("timer")).toBe("due")
    expect(await runtime.call("cancelled")).toMatchObject({ kind: "terminated", reason: "never-settles" })
    expect(await resultOf("leftTimer")).toBe(1)
  })

  test("whose promise nobody can settle ends at once", async () => {
    expect(await runtime.call("never")).toMatchObject({ kind: "terminated", reason: "never-settles" })
  })

  test("fails by a rejection nobody handles by the end of the turn", async () => {
    expect(await runtime.call("unhandled")).toMatchObject({ kind: "threw", error: { message: "uncaught promise rejection: Error: boo" } })
    expect(await resultOf("handledLate")).toBe(1)
  })

  test("keeps its last 25 console lines, also when it is stopped", async () => {
    const spoken = await runtime.call("logs")
    expect(spoken.logs.map((line) => line.text)).toEqual(Array.from({ length: 25 }, (_, index) => `line ${index + 15}`))
    const stopped = await runtime.call("logsThenLoop", [], { limits: { wallMs: 200 } })
    expect(stopped).toMatchObject({ kind: "terminated", reason: "wall-time", logs: [{ level: "log", text: "last words" }] })
  })

  test("with a result over its limit fails", async () => {
    expect(await runtime.call("large", [2000], { limits: { resultBytes: 1000 } })).toMatchObject({ kind: "threw", error: { code: "FunctionExecutionError" } })
    expect(await runtime.call("large", [900], { limits: { resultBytes: 1000 } })).toMatchObject({ kind: "returned" })
  })

  test("tells what it has used", async () => {
    const { usage } = await runtime.call("logsThenLoop", [], { limits: { wallMs: 300 } })
    expect(usage.wallMs).toBeGreaterThan(290)
    expect(usage.cpuMs).toBeGreaterThan(20)
    expect(usage.cpuMs).toBeLessThan(usage.wallMs + 50)
  })
})

describe("operations", () => {
  test("of one turn arrive together, and their answers go back", async () => {
    const capabilities = fakeCapabilities(() => 7)
    expect(await runtime.call("askAll", [count, 30], { capabilities })).toMatchObject({ kind: "returned", result: "30" })
    expect(capabilities.batches).toEqual([30])
    expect(capabilities.asked[0]).toMatchObject(count)
    expect(capabilities.released).toBe(1)
  })

  test("under an identity that was not given are refused, and do not arrive", async () => {
    const capabilities = fakeCapabilities()
    expect(await runtime.call("ask", [{ ...count, identity: "system" }], { capabilities })).toMatchObject({ kind: "threw" })
    expect(capabilities.asked).toEqual([])
  })

  test.each([[{}], [{ id: "x" }], [null], [[]], [{ id: 5, kind: "exec" }], [{ id: 2 ** 60 }]])("that are malformed (%j) harm nothing", async (operation) => {
    const capabilities = fakeCapabilities(() => 7)
    expect(await runtime.call("raw", [operation], { capabilities })).toMatchObject({ kind: "returned", result: "7" })
    expect(capabilities.asked).toHaveLength(1)
  })

  test("beyond the limit at once are refused", async () => {
    const capabilities = fakeCapabilities()
    expect(await runtime.call("askAll", [count, 30], { capabilities, limits: { outstandingOperations: 20 } })).toMatchObject({ kind: "threw" })
    expect(capabilities.asked).toHaveLength(20)
  })

  test("that are too long are refused, and the call goes on", async () => {
    const capabilities = fakeCapabilities(() => 7)
    const outcome = await runtime.call("ask", [{ ...count, args: ["x".repeat(19 * 1024 * 1024)] }], { capabilities })
    expect(outcome).toMatchObject({ kind: "threw", error: { message: expect.stringContaining("too long") } })
  })

  test("answered after the end, twice, or without having been asked change nothing", async () => {
    let late: (() => void) | undefined
    const capabilities = fakeCapabilities()
    const outcome = await runtime.call("ask", [count], { capabilities: { ...capabilities, perform: (operations, answer) => {
      const id = operations[0]!.id
      answer([{ id: 999, ok: true, value: 1 }, { id, ok: true, value: 2 }])
      answer([{ id, ok: true, value: 3 }])
      late = () => answer([{ id, ok: true, value: 4 }])
    } } })
    late?.()
    expect(outcome).toMatchObject({ kind: "returned", result: "2" })
  })
})
