// Limits on attempts, counted by processes together.
import { afterEach, beforeEach, expect, test } from "vitest"
import { openEmbeddedStore, openState, type EmbeddedStore } from "../../../server/storage/index.ts"
import { createAttempts, type Attempts } from "../../../server/users/attempts.ts"
import type { StateCollection } from "../../../server/users/index.ts"
import { refusal } from "./app.ts"

let store: EmbeddedStore
let requests: string[]
let now: Date
beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
  requests = []
  now = new Date("2024-05-01T12:00:10Z")
})
afterEach(() => store.close())

const inner = (): StateCollection => openState(store, { app: "tasks-abcde" })("attempts")

/** One more process. */
function open(purpose = "password"): Attempts {
  const collection = inner()
  const shared: StateCollection = {
    ...collection,
    findOne: (filter) => {
      requests.push("read")
      return collection.findOne(filter)
    },
    updateOne: (...given) => {
      requests.push("write")
      return collection.updateOne(...given)
    },
  }
  return createAttempts({ purpose, limit: 5, windowMs: 60_000, clock: () => now, shared })
}

async function fail(attempts: Attempts, key = "ana"): Promise<string> {
  return refusal((async () => (await attempts.begin(key)).failed())())
}

async function succeed(attempts: Attempts, key = "ana"): Promise<string> {
  return refusal((async () => (await attempts.begin(key)).succeeded())())
}

test("an attempt that succeeds at once asks the store nothing, however often it comes", async () => {
  const here = open()
  for (let time = 0; time < 20; time++) expect(await succeed(here)).toBe("accepted")
  expect(requests).toEqual([])
})

test("failures in turn are let through up to the limit, and one more for each process", async () => {
  const processes = [open(), open(), open()]
  const outcomes: string[] = []
  for (let time = 0; time < 20; time++) outcomes.push(await fail(processes[time % 3] as Attempts))
  expect(outcomes.filter((each) => each === "accepted").length).toBeLessThanOrEqual(5 + 3)
  expect(outcomes.slice(9)).toEqual(Array.from({ length: 11 }, () => "429 TooManyRequests"))
})

test("failures at the same moment are no more", async () => {
  const processes = [open(), open(), open()]
  const outcomes = await Promise.all(Array.from({ length: 60 }, (_, index) => fail(processes[index % 3] as Attempts)))
  expect(outcomes.filter((each) => each === "accepted").length).toBeLessThanOrEqual(5 + 3)
})

test("a right password among wrong ones is not counted, and does not end a limit that is reached", async () => {
  const [here, there] = [open(), open()]
  for (let time = 0; time < 3; time++) await fail(here)
  for (let time = 0; time < 10; time++) expect(await succeed(here)).toBe("accepted")
  for (let time = 0; time < 3; time++) await fail(there)
  expect(await succeed(there)).toBe("429 TooManyRequests")
  expect(await succeed(here)).toBe("429 TooManyRequests")
})

test("what counts in any case is counted for all", async () => {
  const [here, there] = [open("request"), open("request")]
  const outcomes: string[] = []
  for (let time = 0; time < 8; time++) outcomes.push(await refusal((time % 2 === 0 ? here : there).count("ana")))
  expect(outcomes).toEqual([...Array.from({ length: 5 }, () => "accepted"), ...Array.from({ length: 3 }, () => "429 TooManyRequests")])
})

test("accounts, kinds and minutes are apart; what is over is swept", async () => {
  const here = open()
  for (let time = 0; time < 9; time++) await fail(here)
  expect(await fail(here)).toBe("429 TooManyRequests")
  expect([await fail(here, "max"), await refusal(open("request").count("ana"))]).toEqual(["accepted", "accepted"])
  now = new Date(now.getTime() + 61_000)
  expect(await fail(here)).toBe("accepted")
  now = new Date(now.getTime() + 180_000)
  await here.sweep()
  expect(await inner().find({})).toEqual([])
})

test("the store learns no address and no account", async () => {
  const here = open()
  for (let time = 0; time < 3; time++) await fail(here, "ana@example.com 203.0.113.7")
  expect(JSON.stringify(await inner().find({}))).not.toMatch(/ana|203/)
})
