// One operation in a process of its own, which kills itself before its nth write; "done" on standard output when there was none.
import { scenarios } from "./scenarios.ts"
import { openWorld, type Place } from "./world.ts"

const { place, scenario, killAt, given } = JSON.parse(process.argv[2] ?? "") as { place: Place; scenario: string; killAt: number; given: never }
const { act, aheadMs = 0 } = scenarios[scenario] ?? { act: () => Promise.reject(new Error("no such scenario")) }
let writes = 0
let acting = false
const world = await openWorld(place, {
  aheadMs,
  beforeWrite() {
    if (acting && ++writes === killAt) process.kill(process.pid, "SIGKILL")
  },
})
acting = true
await act(world, given)
// A write that nobody waits for is a point of its own.
await world.tokens.close()
process.stdout.write("done")
acting = false
await world.close()
