// A function call beside its floor (IPC and a context made ahead, nothing else) and beside `node:vm`; many calls at once;
// calls beside one that loops. `node bench/main.ts runtime`
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { createContext, Script } from "node:vm"
import { bootstrapText } from "../runtime/bootstrap.ts"
import { preludeSource } from "../runtime/guest/index.ts"
import { createRuntime, type Runtime } from "../runtime/index.ts"
import { codeOf, fakeCapabilities, startOf } from "../test/runtime/host/support.ts"

type Call = () => Promise<void>

const start = startOf("main", [{ $numberInt: "1" }])
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

function at(times: readonly number[], part: number): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length * part)] ?? Number.NaN
}

function print(name: string, times: readonly number[], floor?: number): void {
  const p50 = at(times, 0.5)
  console.log(`  ${name.padEnd(46)} p50 ${p50.toFixed(3).padStart(8)} ms  p99 ${at(times, 0.99).toFixed(3).padStart(8)} ms${floor === undefined ? "" : `  ${(p50 / floor).toFixed(2)}x`}`)
}

/** The floor as a function to call; what it has of a limit is nothing. */
async function openFloor(): Promise<{ call: Call; close: () => void }> {
  const child = fork(fileURLToPath(new URL("./runtime/floor-child.ts", import.meta.url)), [], { execArgv: ["--no-node-snapshot", "--no-warnings"], env: {} })
  const waiting = new Map<number, (text: string) => void>()
  let last = 0
  const ready = new Promise<string>((resolve) => waiting.set(-1, resolve))
  child.on("message", (message: { readonly id: number; readonly text: string }) => {
    waiting.get(message.id)?.(message.text)
    waiting.delete(message.id)
  })
  await ready
  const call = async (): Promise<void> => {
    const id = ++last
    const answer = new Promise<string>((resolve) => waiting.set(id, resolve))
    child.send({ id, text: JSON.stringify({ kind: "start", functions: JSON.stringify({ main: { kind: "inherit" } }), start }) })
    const text = await answer
    if (!text.includes('\\"1\\"')) throw new Error(`the floor answered ${text}`)
  }
  return { call, close: () => child.kill() }
}

/** A new `node:vm` context a call, with the same prelude, in this process. */
function vmCall(): Call {
  const bootstrap = new Script(bootstrapText(preludeSource()))
  const wrapper = new Script('__load("function", "main", (function (exports, context, require, console) { exports = () => 1\n;return exports; }))')
  return () =>
    new Promise((resolve) => {
      const context = createContext({})
      const make = bootstrap.runInContext(context) as (send: (text: string) => void, sync: () => string) => (text: string) => void
      const dispatch = make(() => resolve(), () => "{}")
      wrapper.runInContext(context)
      dispatch(JSON.stringify({ kind: "start", functions: JSON.stringify({ main: { kind: "inherit" } }), start }))
    })
}

function runtimeCall(runtime: Runtime, name = "main", user = "someone"): Call {
  return async () => {
    const outcome = await runtime.call({ app: "app", user, start: { ...start, function: name }, capabilities: fakeCapabilities() })
    if (outcome.kind !== "returned") throw new Error(`a call ended as ${outcome.kind}`)
  }
}

async function timed(call: Call): Promise<number> {
  const began = performance.now()
  await call()
  return performance.now() - began
}

/** Candidates in turn, one call each, with time between for what is made ahead. */
async function compare(candidates: { readonly [name: string]: Call }, rounds: number): Promise<Map<string, number[]>> {
  const times = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds + 50; round++) {
    for (const [name, call] of Object.entries(candidates)) {
      const took = await timed(call)
      if (round >= 50) times.get(name)?.push(took)
      await pause(3)
    }
  }
  return times
}

async function flood(call: Call, count: number, atOnce: number): Promise<{ readonly times: number[]; readonly perSecond: number }> {
  const times: number[] = []
  let left = count
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) times.push(await timed(call))
  }))
  return { times, perSecond: (count * 1000) / (performance.now() - began) }
}

/** Calls that begin at a steady rate, whether those before have ended or not. */
async function steady(call: Call, perSecond: number, count: number): Promise<number[]> {
  const times: number[] = []
  const all: Promise<void>[] = []
  const began = performance.now()
  while (all.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - began) * perSecond) / 1000))
    while (all.length < due) all.push(timed(call).then((took) => void times.push(took)))
    await pause(1)
  }
  await Promise.all(all)
  return times
}

export async function run(): Promise<void> {
  const runtime = createRuntime({ limits: { cpuMs: 20_000 } })
  await runtime.deploy("app", codeOf({ main: "exports = () => 1", loop: "exports = () => { for (;;); }" }))
  const floor = await openFloor()
  const ours = runtimeCall(runtime)
  await Promise.all(Array.from({ length: 50 }, ours))

  console.log("one call after another, nothing inside")
  const single = await compare({ "floor: IPC, context made ahead, EJSON both ways": floor.call, "runtime.call": ours, "node:vm, a context a call, in this process": vmCall() }, 400)
  const floorP50 = at([...single.values()][0] ?? [], 0.5)
  for (const [name, times] of single) print(name, times, floorP50)

  console.log("50 in flight")
  for (const [name, call] of [["floor (one process, one isolate)", floor.call], ["runtime.call", ours]] as const) {
    await flood(call, 1000, 50)
    const { times, perSecond } = await flood(call, 4000, 50)
    print(`${name}: ${perSecond.toFixed(0)} calls/s`, times)
  }
  const { perSecond } = await flood(ours, 2000, 8)
  for (const part of [0.4, 0.8]) print(`runtime.call at ${(part * 100).toFixed(0)} % of ${perSecond.toFixed(0)} calls/s`, await steady(ours, part * perSecond, 3000))

  console.log("beside a call of another user that loops for 20 s")
  print("without it", await steady(runtimeCall(runtime, "main", "other"), 100, 500))
  const hog = runtime.call({ app: "app", user: "hog", start: { ...start, function: "loop" }, capabilities: fakeCapabilities(), limits: { cpuMs: 7000 } })
  print("with it", await steady(runtimeCall(runtime, "main", "other"), 100, 500))
  await hog
  floor.close()
  await runtime.close(0)
}

if (import.meta.filename === process.argv[1]) await run()
