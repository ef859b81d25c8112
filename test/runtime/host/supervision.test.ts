// What happens around calls: executors that die, code that changes, too many calls, users who take too much.
import { afterEach, describe, expect, test } from "vitest"
import { createRuntime, type Outcome, type Runtime, type RuntimeEvent, type RuntimeOptions } from "../../../runtime/index.ts"
import { codeOf, fakeCapabilities, fixtureGuest, harness, startOf } from "./support.ts"

const functions = {
  one: "exports = () => 1",
  loop: "exports = () => { for (;;); }",
  wait: "exports = (milliseconds) => new Promise((resolve) => setTimeout(() => resolve('waited'), milliseconds))",
  ask: "exports = async (milliseconds) => { await context.ask({ kind: 'script', name: 'f' }); return new Promise((resolve) => setTimeout(() => resolve('asked'), milliseconds)) }",
  bomb: "exports = () => { const m = new Map(); for (let k = 0; ; k++) m.set(k, k) }",
  fill: "exports = () => { const all = []; for (;;) all.push(new Array(1000).fill(all.length)) }",
  burn: "exports = (milliseconds) => { const end = Date.now() + milliseconds; while (Date.now() < end); return 'burnt' }",
}
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close(0)))
})

async function start(options: RuntimeOptions = {}) {
  const events: RuntimeEvent[] = []
  const made = await harness(functions, { ...options, log: (event) => events.push(event) })
  open.push(made.runtime)
  return { ...made, events, pids: () => events.flatMap((event) => (event.kind === "executor-started" && event.pid !== undefined ? [event.pid] : [])) }
}

describe("an executor whose engine has run out of memory", () => {
  test("takes no further call where another can begin, and calls that meet its end are not blamed", async () => {
    const { call, pids } = await start()
    for (let round = 0; round < 5; round++) {
      const [filled, ...others] = await Promise.all([call("fill", [], { user: "filler" }), ...Array.from({ length: 6 }, (_, index) => call("wait", [200], { user: `u${index}` }))])
      expect(filled).toMatchObject({ kind: "terminated", reason: "memory" })
      expect(new Set(others.map((outcome) => outcome.kind))).toEqual(new Set(["returned"]))
    }
    expect(pids().length).toBeGreaterThan(1)
  })
})

describe("an executor that dies", () => {
  test("is replaced; a call that had done nothing yet is tried again", async () => {
    const { call, pids } = await start()
    const waiting = call("wait", [300])
    await pause(100)
    process.kill(pids()[0]!, "SIGTERM")
    expect(await waiting).toMatchObject({ kind: "returned", result: '"waited"' })
    expect(pids()).toHaveLength(2)
  })

  test("a second time under the same call ends the call", async () => {
    const { call, pids } = await start()
    const waiting = call("wait", [2000])
    for (let round = 0; round < 2; round++) {
      while (pids().length <= round) await pause(20)
      await pause(100)
      process.kill(pids()[round]!, "SIGTERM")
    }
    expect(await waiting).toMatchObject({ kind: "terminated", reason: "executor-lost" })
  })

  test("fails only the calls that were in it", async () => {
    const { call, pids } = await start({ executors: 2 })
    while (pids().length < 2) await pause(20)
    const calls = [call("ask", [400]), call("ask", [400])]
    await pause(150)
    process.kill(pids()[0]!, "SIGKILL")
    const outcomes = await Promise.all(calls)
    expect(outcomes.map((outcome) => outcome.kind).toSorted()).toEqual(["returned", "terminated"])
  })

  test("through a bomb: the bomb is blamed, others are tried again if they have done nothing yet", async () => {
    const { call } = await start()
    const idle = call("wait", [1500])
    const asked = call("ask", [1500])
    await pause(100)
    expect(await call("bomb", [], { limits: { memoryMb: 64 } })).toMatchObject({ kind: "terminated", reason: "memory" })
    expect(await idle).toMatchObject({ kind: "returned", result: '"waited"' })
    expect(["executor-lost", "returned"]).toContain(labelOf(await asked))
  })

  test("that says nothing any more is killed, and its call ends within its limit and a grace", async () => {
    const { call, pids } = await start()
    const began = performance.now()
    const looping = call("loop", [], { limits: { wallMs: 500 } })
    await pause(100)
    process.kill(pids()[0]!, "SIGSTOP")
    expect(await looping).toMatchObject({ kind: "terminated", reason: "wall-time" })
    expect(performance.now() - began).toBeLessThan(500 + 1500 + 500)
    expect(await call("one")).toMatchObject({ kind: "returned" })
  })

  test("again and again makes the next wait", async () => {
    const { call, events, pids } = await start()
    for (let round = 0; round < 6; round++) {
      await call("one")
      process.kill(pids().at(-1)!, "SIGKILL")
      await pause(20)
    }
    expect(events.some((event) => event.kind === "executors-held-back")).toBe(true)
    expect(await call("one")).toMatchObject({ kind: "returned" })
  })
})

function labelOf(outcome: Outcome): string {
  return outcome.kind === "terminated" ? outcome.reason : outcome.kind
}

describe("a call that is stopped", () => {
  test("takes no other with it that is not in its isolate", async () => {
    const { call } = await start()
    const others = [call("wait", [600]), call("wait", [600])]
    await pause(50)
    expect(await call("loop", [], { limits: { wallMs: 200 } })).toMatchObject({ kind: "terminated", reason: "wall-time" })
    expect((await Promise.all(others)).map(labelOf)).toEqual(["returned", "returned"])
  })

  test("by processor time has not waited for its wall time", async () => {
    const { call } = await start()
    const began = performance.now()
    expect(await call("loop", [], { limits: { cpuMs: 200 } })).toMatchObject({ kind: "terminated", reason: "cpu-time" })
    expect(performance.now() - began).toBeLessThan(3000)
  })

  test("while it waits, leaves the others of its isolate alone", async () => {
    const { call } = await start({ isolates: 1 })
    const other = call("wait", [500])
    await pause(30)
    expect(await call("wait", [60_000], { limits: { wallMs: 150 } })).toMatchObject({ kind: "terminated", reason: "wall-time" })
    expect(await other).toMatchObject({ kind: "returned" })
  })
})

describe("many calls", () => {
  test("beyond the queue are refused, the others run", async () => {
    const { call } = await start({ isolates: 1, sharing: 1, queue: { all: 3, user: 3 } })
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => call("wait", [50])))
    expect(outcomes.map(labelOf)).toEqual(["returned", "returned", "returned", "returned", "refused", "refused"])
    expect(outcomes[4]).toMatchObject({ reason: "too-many-requests" })
  })

  test("of a user whose calls burn time leave room for another user's", async () => {
    const { call } = await start()
    let ended = 0
    const burning = Array.from({ length: 12 }, () => call("burn", [400], { user: "burner" }).finally(() => ended++))
    await pause(100)
    expect(await call("one", [], { user: "other" })).toMatchObject({ kind: "returned" })
    // Not behind the eight and more that were there before it.
    expect(ended).toBeLessThan(6)
    expect((await Promise.all(burning)).map(labelOf)).toEqual(Array.from({ length: 12 }, () => "returned"))
  })

  test("share isolates while they wait", async () => {
    const { call } = await start({ isolates: 2 })
    const began = performance.now()
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, index) => call("wait", [300], { user: `u${index}` })))
    expect(new Set(outcomes.map(labelOf))).toEqual(new Set(["returned"]))
    expect(performance.now() - began).toBeLessThan(1500)
  })

  test("one after another outlive the isolates they run in", async () => {
    const { call } = await start({ isolates: 1 })
    for (let round = 0; round < 1200; round++) expect((await call("one")).kind).toBe("returned")
  })
})

describe("deploy()", () => {
  test("tells what does not parse, and deploys the rest", async () => {
    const runtime = createRuntime({ guest: fixtureGuest, executors: 1 })
    open.push(runtime)
    const { problems } = await runtime.deploy("app", codeOf({ good: "exports = () => 1", bad: "exports = (" }))
    expect(problems).toMatchObject([{ kind: "function", name: "bad" }])
    expect(await runtime.call({ app: "app", start: startOf("good"), capabilities: fakeCapabilities() })).toMatchObject({ kind: "returned" })
  })

  test("lets calls that run end on the code before; later ones run the new", async () => {
    const { runtime, call } = await start()
    const old = call("wait", [500])
    await pause(50)
    await runtime.deploy("app", codeOf({ wait: "exports = () => 'new'" }))
    expect(await call("wait")).toMatchObject({ kind: "returned", result: '"new"' })
    expect(await old).toMatchObject({ kind: "returned", result: '"waited"' })
  })

  test("hands calls that wait in the queue to the new code", async () => {
    const { runtime, call } = await start({ isolates: 1, sharing: 1 })
    const [first, second] = [call("wait", [800]), call("wait", [800])]
    await runtime.deploy("app", codeOf({ wait: "exports = () => 'new'" }))
    expect(await first).toMatchObject({ result: '"waited"' })
    expect(await second).toMatchObject({ result: '"new"' })
  })

  test("rejects when no executor can start, and leaves what was", async () => {
    const broken = new URL("./no-such-module.ts", import.meta.url)
    const runtime = createRuntime({ guest: { prelude: broken, sync: broken }, executors: 1 })
    open.push(runtime)
    await expect(runtime.deploy("app", codeOf({ one: "exports = () => 1" }))).rejects.toThrow(/Cannot start executors/)
    expect(await runtime.call({ app: "app", start: startOf("one"), capabilities: fakeCapabilities() })).toMatchObject({ kind: "refused", reason: "unavailable" })
  })
})

describe("close()", () => {
  test("lets running calls end, refuses new ones, and leaves no process", async () => {
    const { runtime, call, pids } = await start()
    const running = call("wait", [300])
    await pause(100)
    const closing = runtime.close()
    expect(await call("one")).toMatchObject({ kind: "refused", reason: "unavailable" })
    expect(await running).toMatchObject({ kind: "returned" })
    await closing
    for (const pid of pids()) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
  })

  test("ends calls that do not end in time", async () => {
    const { runtime, call } = await start()
    const running = call("loop")
    await pause(100)
    await runtime.close(100)
    expect((await running).kind).toBe("terminated")
  })
})
