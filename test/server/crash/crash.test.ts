// kill -9 before each write of what changes users and sessions: the next process repairs what was left, or refuses cleanly.
import { spawn } from "node:child_process"
import { copyFileSync, existsSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startMongoServer, type TestMongo } from "../../servers/mongo-server.ts"
import { temporaryFolder } from "../../support/serve.ts"
import { scenarios, type Given, type Scenario } from "./scenarios.ts"
import { openWorld, type Place } from "./world.ts"

const childFile = join(import.meta.dirname, "child.ts")
/** More than the longest operation writes. */
const mostWrites = 40
const atOnce = 2
/** The modules of the processes, compiled once. */
const cache = temporaryFolder()
afterAll(() => cache.remove())

/** Runs the operation in a process of its own; whether it came to its end. */
async function runToDeath(place: Place, scenario: string, killAt: number, given: Given): Promise<boolean> {
  const child = spawn(process.execPath, [childFile, JSON.stringify({ place, scenario, killAt, given })], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_COMPILE_CACHE: cache.path } })
  let [output, complaints] = ["", ""]
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text))
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) => child.on("close", (...ended) => done(ended)))
  if (signal !== "SIGKILL") expect({ code, output, complaints }).toEqual({ code: 0, output: "done", complaints: "" })
  return signal !== "SIGKILL"
}

/** Kills before the first write, the second, and so on, until the operation comes to its end; each time over a state of its own. */
async function killEverywhere(name: string, open: (killAt: number) => Promise<{ readonly place: Place; readonly given: Given }>, after: (place: Place, given: Given, crashed: number | undefined) => Promise<void>): Promise<number> {
  for (let from = 1; from < mostWrites; from += atOnce) {
    const points = Array.from({ length: atOnce }, (_, index) => from + index)
    const ended = await Promise.all(points.map(async (killAt) => {
      const { place, given } = await open(killAt)
      const isDone = await runToDeath(place, name, killAt, given)
      await after(place, given, isDone ? undefined : killAt).catch((error: unknown) => {
        throw new Error(`killed before write ${killAt}`, { cause: error })
      })
      return isDone
    }))
    if (ended.includes(true)) return from + ended.indexOf(true)
  }
  throw new Error("the operation never came to its end")
}

/** `aheadMs`: how much later the next process comes. */
async function verify({ check }: Scenario, place: Place, given: Given, crashed: number | undefined, aheadMs = 0): Promise<void> {
  const world = await openWorld(place, { aheadMs })
  try {
    await check(world, given, crashed)
  } finally {
    await world.close()
  }
}

describe("on the embedded store", () => {
  const folder = temporaryFolder()
  afterAll(() => folder.remove())

  test.for(Object.entries(scenarios))("%s", { timeout: 180_000 }, async ([name, scenario]) => {
    const file = join(folder.path, `${name}.sqlite`)
    const calm = await openWorld({ location: { file }, app: "crash-abcde" })
    const given = await scenario.prepare(calm)
    await calm.deliveries("CREATE", given["user"] ?? "")
    await calm.close()
    const points = await killEverywhere(name, async (killAt) => {
      const copy = `${file}.${killAt}`
      for (const suffix of ["", "-wal"]) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix)
      return { place: { location: { file: copy }, app: "crash-abcde" }, given }
    }, (...seen) => verify(scenario, ...seen))
    expect(points).toBeGreaterThan(1)
  })
})

describe("on MongoDB", () => {
  let mongo: TestMongo | undefined
  beforeAll(async () => {
    const started = await startMongoServer()
    if (!("skipped" in started)) mongo = started
  })
  afterAll(() => mongo?.stop())

  const chosen = ["first login", "later login", "link", "link, then a login by the new identity", "delete", "delete, then register again", "reset a password", "disable"]
  test.for(chosen)("%s, beside a process that was there all the time", { timeout: 240_000 }, async (name, { skip }) => {
    if (mongo === undefined) return skip()
    const scenario = scenarios[name] as Scenario
    const { uri } = mongo
    const witnesses = new Map<string, Awaited<ReturnType<typeof openWorld>>>()
    const points = await killEverywhere(name, async (killAt) => {
      const place = { location: { mongodb: uri }, app: `crash-${name.replaceAll(/[^a-z]/g, "")}-${killAt}` }
      const world = await openWorld(place)
      const given = await scenario.prepare(world)
      await world.deliveries("CREATE", given["user"] ?? "")
      if (given["refresh"] !== undefined) await world.signIn.refresh(given["refresh"])
      witnesses.set(place.app, world)
      return { place, given }
    }, async (place, given, crashed) => {
      const witness = witnesses.get(place.app)
      await scenario.witness?.(witness as NonNullable<typeof witness>, given)
      // It delivers events too, and would find its claims overtaken by a clock that is so far ahead.
      await witness?.close()
      // Others can be alive there, so what was left is taken up when its lease has run out.
      await verify(scenario, place, given, crashed, 20_000)
    })
    expect(points).toBeGreaterThan(1)
  })
})
