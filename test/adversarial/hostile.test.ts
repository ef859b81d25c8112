// One guest program an attack. Each runs in an executor of its own, while a bystander's calls on another executor go on;
// how late the event loop of this process, which stands for the server, was meanwhile is measured and printed.
import { monitorEventLoopDelay } from "node:perf_hooks"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createRuntime, type Outcome, type Runtime } from "../../runtime/index.ts"
import { codeOf, fakeCapabilities, startOf } from "../runtime/host/support.ts"
import { programs as allPrograms } from "./programs.ts"

const programs = allPrograms.filter(({ expected }) => expected.needsServer !== true)

let runtime: Runtime
let delay: ReturnType<typeof monitorEventLoopDelay>
let worst = { name: "", milliseconds: 0 }
const bystanderTimes: number[] = []

beforeAll(async () => {
  runtime = createRuntime({ executors: 1 })
  await runtime.deploy("bystander", codeOf({ ok: "exports = (n) => n + 1" }))
  prepare(programs[0])
  delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
})

afterAll(async () => {
  bystanderTimes.sort((left, right) => left - right)
  const at = (part: number): string => (bystanderTimes[Math.floor(bystanderTimes.length * part)] ?? 0).toFixed(1)
  process.stdout.write(`bystander: ${bystanderTimes.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; event loop at most ${worst.milliseconds.toFixed(0)} ms late (${worst.name})\n`)
  await runtime.close(0)
})

const deployments = new Map<string, Promise<unknown>>()

/** Starts a program's executor, one program ahead of its test. */
function prepare(program: (typeof programs)[number] | undefined): void {
  if (program === undefined || deployments.has(program.name)) return
  deployments.set(program.name, runtime.deploy(program.name, codeOf({ main: program.source, ok: "exports = () => [({}).evil === undefined, [1].map((x) => x)[0], JSON.parse('2')]" })))
}

function labelOf(outcome: Outcome): string {
  return outcome.kind === "terminated" ? `terminated:${outcome.reason}` : outcome.kind
}

/** Calls the bystander until told to stop; every call has to succeed. */
function bystand(): () => Promise<void> {
  const stop = new AbortController()
  const done = (async () => {
    while (!stop.signal.aborted) {
      const began = performance.now()
      const outcome = await runtime.call({ app: "bystander", start: startOf("ok", [1]), capabilities: fakeCapabilities() })
      expect(outcome).toMatchObject({ kind: "returned", result: '{"$numberInt":"2"}' })
      bystanderTimes.push(performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return () => {
    stop.abort()
    return done
  }
}

describe("hostile programs", () => {
  test.each(programs)("$name", async ({ name, expected }) => {
    const index = programs.findIndex((each) => each.name === name)
    prepare(programs[index])
    await deployments.get(name)
    prepare(programs[index + 1])
    const stop = bystand()
    delay.reset()
    const capabilities = fakeCapabilities()
    const began = performance.now()
    const outcome = await runtime.call({ app: name, start: startOf("main", expected.args), capabilities, ...(expected.limits === undefined ? {} : { limits: expected.limits }) })
    const took = performance.now() - began
    const late = delay.max / 1e6
    if (late > worst.milliseconds) worst = { name, milliseconds: late }
    // The next call of the same app is as if nothing had happened.
    const next = await runtime.call({ app: name, start: startOf("ok"), capabilities: fakeCapabilities() })
    await stop()
    if (process.env["HOSTILE_VERBOSE"] !== undefined) process.stdout.write(`${name}: ${labelOf(outcome)}, ${took.toFixed(0)} ms, loop ${late.toFixed(0)} ms late\n`)

    expect(expected.expect, JSON.stringify(outcome).slice(0, 600)).toContain(labelOf(outcome))
    expect(took).toBeLessThan((expected.limits?.wallMs ?? 10_000) + 3000)
    expect(next, "the next call").toMatchObject({ kind: "returned", result: '[true,{"$numberInt":"1"},{"$numberInt":"2"}]' })
    expect(capabilities.released).toBe(1)
    expect(outcome.logs.length).toBeLessThanOrEqual(25)
    expect(outcome.logs.length).toBeGreaterThanOrEqual(expected.logs ?? 0)
    if (outcome.kind === "returned" && expected.result !== undefined) expect(outcome.result).toBe(expected.result)
    if (outcome.kind === "threw") {
      expect(outcome.error.message.length).toBeLessThanOrEqual(4096)
      if (expected.message !== undefined) expect(outcome.error.message).toMatch(new RegExp(expected.message))
      if (expected.code !== undefined) expect(outcome.error.code).toBe(expected.code)
    }
    if (expected.identity !== undefined) expect(capabilities.asked.map((each) => ("identity" in each ? each.identity : undefined))).toEqual([expected.identity])
    void runtime.remove(name)
  }, 30_000)
})
