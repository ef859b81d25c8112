// The cases of the function runtime, all of them, against the real sandbox.
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createRuntime, type Runtime } from "../../runtime/index.ts"
import { fixture, matches, openWorld, type Answer, type Expectation, type World } from "./functions-world.ts"

const knownFailures = JSON.parse(readFileSync(new URL("./functions.known-failures.json", import.meta.url), "utf8")) as Record<string, string>
let runtime: Runtime

beforeAll(() => {
  runtime = createRuntime({ executors: 1, isolates: 1, reserve: 1 })
})
afterAll(() => runtime.close(0))

async function differences(expected: Expectation, answer: Answer, world: World): Promise<string[]> {
  const found: string[] = []
  if ("result" in expected && !matches(answer.result, expected.result ?? null)) found.push(`result ${JSON.stringify(answer.result)} ${JSON.stringify(answer.error)}`)
  if (expected.error !== undefined) {
    for (const [key, wanted] of Object.entries(expected.error)) {
      const actual = answer.error?.[key as "status" | "error_code" | "error"]
      if (!matches(actual, wanted)) found.push(`${key} ${JSON.stringify(actual)} ${JSON.stringify(answer.result)}`)
    }
  }
  if (expected.logs !== undefined && !matches([...answer.logs], expected.logs)) found.push(`logs ${JSON.stringify(answer.logs)}`)
  if (expected.error_logs !== undefined && !matches([...answer.error_logs], expected.error_logs)) found.push(`error_logs ${JSON.stringify(answer.error_logs)}`)
  for (const [service, databases] of Object.entries(expected.data ?? {})) {
    for (const [database, collections] of Object.entries(databases)) {
      for (const [collection, documents] of Object.entries(collections)) {
        const actual = await world.documents(service, database, collection)
        if (!matches(actual, documents)) found.push(`data ${JSON.stringify(actual)}`)
      }
    }
  }
  return found
}

test("there are 250 cases, and every known failure is one of them", () => {
  expect(fixture.cases).toHaveLength(250)
  expect(Object.keys(knownFailures).filter((id) => !fixture.cases.some((each) => each.id === id))).toEqual([])
})

for (const group of new Set(fixture.cases.map((each) => each.group))) {
  describe(group, () => {
    for (const each of fixture.cases.filter((one) => one.group === group)) {
      const run = Object.hasOwn(knownFailures, each.id) ? test.fails : test
      run(`${each.id} ${each.name}`, async () => {
        const world = await openWorld(each, runtime)
        try {
          for (const { call, expect: expected } of each.steps ?? [{ call: each.call ?? {}, expect: each.expect ?? {} }]) {
            const began = performance.now()
            const answer = await world.call(call)
            expect(await differences(expected, answer, world)).toEqual([])
            expect(performance.now() - began).toBeLessThan((each.limits?.["wall_ms"] ?? 10_000) + 5000)
          }
        } finally {
          await world.close()
        }
      })
    }
  })
}
