// One process of a mutation run: loads the suites over sources that hold every mutant, and tells which tests notice which.
// `survey`: which tests reach which mutant. `switch`: mutants one after the other, over tests that are there already. `fresh`: one
// mutant that is on from the start, for what is computed while a module loads.
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { instrumented, switchName } from "./instrument.ts"
import { mutantsOf } from "./mutants.ts"

/** What a worker is told when it starts. */
export interface WorkerOrder {
  readonly mode: "survey" | "switch" | "fresh"
  /** The tree the sources and suites are read from. */
  readonly tree: string
  readonly targets: readonly string[]
  readonly suites: readonly string[]
  /** Names of tests that are left out: they fail without a mutant, or take too long. */
  readonly without: readonly string[]
  /** Names of the only tests that are run. */
  readonly only?: readonly string[]
  /** The mutant that is on from the start. */
  readonly mutant?: number
}

/** What a survey found. `reach`: for each test its name, its time and the mutants it passes by; `loading`: those passed by before any test. */
export interface Survey { readonly loading: readonly number[]; readonly reach: readonly { readonly name: string; readonly ms: number; readonly mutants: readonly number[] }[]; readonly failing: readonly string[] }

/** What stands for the name of a test where only the time told. */
const byTime = "time"

const order = JSON.parse(process.argv[2] as string) as WorkerOrder
/** A test that waits longer counts as one that notices. */
const longestTest = order.mode === "survey" ? 60_000 : 8_000
let active = order.mutant ?? -1
let reached: Set<number> | undefined = order.mode === "survey" ? new Set() : undefined

Object.defineProperty(globalThis, switchName, {
  value: (number: number): boolean => {
    reached?.add(number)
    return number === active
  },
})

const sources = new Map<string, string>()
let count = 0
for (const file of order.targets) {
  const path = join(order.tree, file)
  const mutated = mutantsOf(file, readFileSync(path, "utf8"))
  sources.set(pathToFileURL(path).href, instrumented(mutated, count))
  count += mutated.mutants.length
}
const standIn = pathToFileURL(join(order.tree, "test/mutation/vitest-stand-in.ts")).href

registerHooks({
  resolve: (specifier, context, next) => (specifier === "vitest" ? { url: standIn, shortCircuit: true } : next(specifier, context)),
  load: (url, context, next) => {
    const source = sources.get(url)
    return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true }
  },
})

let stray: unknown
let toldAt = 0
process.on("unhandledRejection", (error) => {
  stray = error ?? true
})

const { begin, collected, end, run, startFile } = (await import(standIn)) as typeof import("./vitest-stand-in.ts")
type Test = (typeof collected)[number]

/** Whether a test notices: it fails, or it waits for too long. */
async function notices(test: Test): Promise<"no" | "fails" | "waits"> {
  stray = undefined
  if (performance.now() - toldAt > 2_000) {
    toldAt = performance.now()
    void tell("busy")
  }
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<"waits">((resolve) => {
    timer = setTimeout(() => resolve("waits"), longestTest)
  })
  try {
    const outcome = await Promise.race([begin(test).then(() => run(test)).then(() => "ends" as const), tooLong])
    return outcome === "waits" ? outcome : stray === undefined ? "no" : "fails"
  } catch {
    return "fails"
  } finally {
    clearTimeout(timer)
  }
}

async function load(): Promise<Test[]> {
  for (const suite of order.suites) {
    startFile(suite)
    await import(pathToFileURL(join(order.tree, suite)).href)
  }
  const left = new Set(order.without)
  const only = order.only === undefined ? undefined : new Set(order.only)
  return collected.filter((test) => !left.has(test.name) && only?.has(test.name) !== false)
}

function tell(message: unknown): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()))
}

if (order.mode === "survey") {
  const tests = await load()
  for (const test of tests) await begin(test)
  const loading = [...(reached ?? [])]
  const failing: string[] = []
  const reach: Survey["reach"][number][] = []
  for (const test of tests) {
    reached = new Set()
    const started = performance.now()
    if ((await notices(test)) !== "no") failing.push(test.name)
    reach.push({ name: test.name, ms: performance.now() - started, mutants: [...reached] })
  }
  await end()
  await tell({ loading, reach, failing } satisfies Survey)
  process.exit(0)
}

if (order.mode === "fresh") {
  const found = await firstToNotice().catch(() => "loading")
  await tell(found ?? null)
  process.exit(0)
}

async function firstToNotice(): Promise<string | undefined> {
  for (const test of await load()) {
    const answer = await notices(test)
    if (answer !== "no") return answer === "waits" ? byTime : test.name
  }
  return undefined
}

const tests = new Map((await load()).map((test) => [test.name, test]))

/** The first of some tests that notices a mutant; `spoilt` when it also fails with none on, so that this process is of no more use. */
async function judge(mutant: number, names: readonly string[]): Promise<{ readonly noticedBy: string | null; readonly spoilt: boolean }> {
  for (const name of names) {
    const test = tests.get(name) as Test
    active = mutant
    const answer = await notices(test)
    active = -1
    if (answer === "waits") return { noticedBy: byTime, spoilt: true }
    if (answer === "fails") return { noticedBy: name, spoilt: (await notices(test)) !== "no" }
  }
  return { noticedBy: null, spoilt: false }
}

process.on("message", ({ mutant, names }: { mutant: number; names: readonly string[] }) => {
  void judge(mutant, names).then(tell)
})
await tell("ready")
