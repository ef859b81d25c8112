// What calls share: the heap and the fate of an isolate, or by a setting not even those.
import { afterEach, describe, expect, test } from "vitest"
import type { Outcome, Runtime, RuntimeOptions } from "../../../runtime/index.ts"
import { harness } from "./support.ts"

const functions = {
  one: "exports = () => 1",
  loop: "exports = () => { for (;;); }",
  ask: "exports = async (milliseconds) => { await context.ask({ kind: 'script', name: 'f' }); return new Promise((resolve) => setTimeout(() => resolve('asked'), milliseconds)) }",
  leave: "exports = () => { const before = globalThis.left ?? Array.prototype.left; globalThis.left = 'here'; Array.prototype.left = 'here'; return before ?? 'nothing' }",
}
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close(0)))
})

async function start(options: RuntimeOptions) {
  const made = await harness(functions, options)
  open.push(made.runtime)
  return made
}

/** Five calls that wait, and beside them one of the same user that is stopped by force. */
async function besideOneThatIsStopped(options: RuntimeOptions): Promise<{ readonly stopped: Outcome; readonly others: readonly string[] }> {
  const { call } = await start(options)
  const waiting = Array.from({ length: 5 }, () => call("ask", [1000]))
  await pause(300)
  const stopped = await call("loop", [], { limits: { cpuMs: 100 } })
  const outcomes = await Promise.all(waiting)
  return { stopped, others: outcomes.map(({ kind }) => kind) }
}

describe("isolation", () => {
  test("calls in one isolate end with it when one of them is stopped", async () => {
    const { stopped, others } = await besideOneThatIsStopped({ isolates: 2 })
    expect(stopped).toMatchObject({ kind: "terminated", reason: "cpu-time" })
    expect(others).toEqual(["terminated", "terminated", "terminated", "terminated", "terminated"])
  })

  test("`isolate`: a call that is stopped takes no other with it", async () => {
    const { stopped, others } = await besideOneThatIsStopped({ isolation: "isolate" })
    expect(stopped).toMatchObject({ kind: "terminated", reason: "cpu-time" })
    expect(others).toEqual(["returned", "returned", "returned", "returned", "returned"])
  })

  test.each(["context", "isolate"] as const)("`%s`: nothing is left for the next call", async (isolation) => {
    const { call } = await start({ isolation })
    for (let round = 0; round < 20; round++) expect(await call("leave")).toMatchObject({ kind: "returned", result: '"nothing"' })
  })

  test("`isolate`: more calls than isolates wait for one", async () => {
    const { call } = await start({ isolation: "isolate", isolates: 3 })
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => call("one")))
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 40 }, () => "returned"))
  })
})
