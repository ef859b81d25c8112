// Workers of a mutation run that say something, nothing, or are gone.
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { byTime, openResults } from "./results.ts"
import { asked, told } from "./workers.ts"

const folder = mkdtempSync(join(tmpdir(), "mutation-workers-"))
const started: ChildProcess[] = []
afterAll(() => {
  for (const worker of started) worker.kill("SIGKILL")
  rmSync(folder, { recursive: true })
})

function start(code: string): ChildProcess {
  const file = join(folder, `${started.length}.mjs`)
  writeFileSync(file, code)
  const worker = fork(file)
  started.push(worker)
  return worker
}

test("an answer is heard, after any number of signs of life", async () => {
  const worker = start('process.on("message", (message) => { process.send("busy"); process.send("busy"); process.send({ heard: message }) })')
  expect(await asked(worker, { mutant: 1 })).toEqual({ heard: { mutant: 1 } })
  expect(await asked(worker, { mutant: 2 })).toEqual({ heard: { mutant: 2 } })
})

test("what a worker says as its last is heard", async () => {
  expect(await told(start('process.send("last", () => process.exit())'))).toBe("last")
})

test("a worker that goes without an answer is silent", async () => {
  expect(await asked(start('process.on("message", () => process.exit(1))'), { mutant: 1 })).toBeUndefined()
})

test("so is one that has gone before", async () => {
  const worker = start("process.exit(1)")
  await once(worker, "exit")
  expect(await asked(worker, { mutant: 1 })).toBeUndefined()
  expect(await told(worker)).toBeUndefined()
})

test("and one that says nothing, which is ended", async () => {
  const worker = start("setInterval(() => undefined, 1000)")
  expect(await asked(worker, { mutant: 1 }, 50)).toBeUndefined()
  expect(worker.connected).toBe(false)
})

test("what only the time told once is not remembered", () => {
  const file = join(folder, "results.jsonl")
  writeFileSync(file, ["a test", "time", byTime].map((noticedBy, index) => JSON.stringify({ key: `k${index}`, noticedBy })).join("\n"))
  const results = openResults(file, join(import.meta.dirname, "../.."), false)
  expect(["k0", "k1", "k2", "k3"].map(results.isNoticed)).toEqual([true, false, true, false])
})
