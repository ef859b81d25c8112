// A function call beside its floor (IPC and a context made ahead, nothing else) and beside `node:vm`; many calls at once;
// calls beside one that loops; the first calls of new code; memory of functions nobody calls. `node bench/main.ts runtime`
import { createRuntime, type Runtime } from "../runtime/index.ts"
import { codeOf, fakeCapabilities, startOf } from "../test/runtime/host/support.ts"
import { functions, openFloor, runtimeCall, vmCall } from "./runtime/candidates.ts"
import { compare, flood, pause, print, steady, timed } from "./runtime/measure.ts"
import { childrenOf, memoryOf } from "./support/memory.ts"

const floorName = "floor: IPC, context made ahead, EJSON both ways"

async function oneAfterAnother(runtime: Runtime, floor: Awaited<ReturnType<typeof openFloor>>): Promise<void> {
  for (const [name, title] of [["nothing", "one call after another, nothing inside  (goal ≤ 1.5x, and less than node:vm)"], ["operations", "the same with five data operations, answered at once"]] as const) {
    console.log(title)
    await compare({ [floorName]: floor.call(name), "runtime.call": runtimeCall(runtime, name), "node:vm, a context a call, in this process": vmCall(name) }, 400)
  }
  console.log("parts of the floor, medians")
  for (const [name, milliseconds] of await floor.parts()) console.log(`  ${name.padEnd(52)}     ${milliseconds.toFixed(3).padStart(8)} ms`)
}

async function manyAtOnce(runtime: Runtime, floor: Awaited<ReturnType<typeof openFloor>>): Promise<void> {
  console.log("50 in flight")
  const ours = runtimeCall(runtime, "nothing")
  for (const [name, call] of [["floor (one process, one isolate)", floor.call("nothing")], ["runtime.call", ours]] as const) {
    await flood(call, 1000, 50)
    const { times, perSecond } = await flood(call, 4000, 50)
    print(`${name}: ${perSecond.toFixed(0)} calls/s`, times)
  }
  const { perSecond } = await flood(ours, 2000, 8)
  console.log("at a steady rate  (goal: p99 ≤ 3 times p50 at 80 %; the echo shows what the machine allows)")
  for (const part of [0.4, 0.8]) {
    print(`echo over IPC at ${(part * perSecond).toFixed(0)} a second`, await steady(floor.echo, part * perSecond, 3000))
    print(`runtime.call at ${(part * 100).toFixed(0)} % of ${perSecond.toFixed(0)} calls/s`, await steady(ours, part * perSecond, 3000))
  }
}

async function besideAHog(runtime: Runtime): Promise<void> {
  console.log("beside a call of another user that loops for 7 s")
  const other = runtimeCall(runtime, "nothing", { user: "other" })
  print("without it", await steady(other, 100, 500))
  const hog = runtime.call({ app: "app", user: "hog", start: startOf("loop"), capabilities: fakeCapabilities(), limits: { cpuMs: 7000 } })
  print("with it", await steady(other, 100, 500))
  await hog
}

async function newCode(runtime: Runtime): Promise<void> {
  console.log("new code of 100 functions, while the code before is in use")
  const code = codeOf(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, `exports = async (a) => { const found = await context.services.get("x").db("y").collection("z").findOne({ a }); return found ?? ${index} }`]).concat(Object.entries(functions))))
  const [deploys, first, second]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < 12; round++) {
    deploys.push(await timed(async () => void (await runtime.deploy("new", code))))
    const call = runtimeCall(runtime, "nothing", { app: "new" })
    first.push(await timed(call))
    second.push(await timed(call))
    await pause(300)
  }
  print("deploy, until calls are taken", deploys)
  print("the first call of it", first)
  print("the second", second)
  await runtime.remove("new")
}

/** Memory of the executors and of this process with so many functions deployed, in KiB. */
async function memoryWith(count: number): Promise<number | undefined> {
  const runtime = createRuntime()
  const body = "exports = async function (title, options) {\n  const tasks = context.services.get('mongodb-atlas').db('tracker').collection('tasks')\n".padEnd(900, "  // an ordinary line of code\n")
  await runtime.deploy("app", codeOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, `${body}\n  return tasks.find({ title, index: ${index} }).limit(10).toArray()\n}`]))))
  await pause(2500)
  const used = childrenOf(process.pid).reduce<number | undefined>((sum, pid) => {
    const each = memoryOf(pid)
    return sum === undefined || each === undefined ? undefined : sum + each
  }, 0)
  await runtime.close(0)
  return used
}

async function idleMemory(): Promise<void> {
  const [few, many] = [await memoryWith(16), await memoryWith(1000)]
  if (few === undefined || many === undefined) console.log("memory per function: this system does not tell the memory of processes")
  else console.log(`memory of the executors with 16 functions ${(few / 1024).toFixed(0)} MiB, with 1,000 ${(many / 1024).toFixed(0)} MiB: ${((many - few) / 984).toFixed(1)} KiB a function  (goal < 50; the server's part is in \`start\`)`)
}

export async function run(): Promise<void> {
  await idleMemory()
  const runtime = createRuntime({ limits: { cpuMs: 20_000 } })
  await runtime.deploy("app", codeOf({ ...functions, loop: "exports = () => { for (;;); }" }))
  const floor = await openFloor()
  await Promise.all(Array.from({ length: 50 }, runtimeCall(runtime, "nothing")))
  await oneAfterAnother(runtime, floor)
  await manyAtOnce(runtime, floor)
  await besideAHog(runtime)
  floor.close()
  await newCode(runtime)
  await runtime.close(0)
}

if (import.meta.filename === process.argv[1]) await run()
