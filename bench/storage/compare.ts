// The documents that are stored, and how two sides are timed.
import { ObjectId, type Document } from "../../kernel/index.ts"

export const namespace = { database: "bench", collection: "tasks" }
export const groups = 500

export function makeTask(n: number): Document {
  return {
    _id: `task-${String(n).padStart(8, "0")}`, group: `team-${n % groups}`, rank: (n * 7919) % 1_000_003, title: `Task number ${n}`, done: n % 3 === 0,
    owner: new ObjectId("5f1a5f1a5f1a5f1a5f1a5f1a"), created: new Date(1_600_000_000_000 + n), tags: ["red", "green"], detail: { size: n % 10, note: "a few words of text to fill the place" },
  }
}

const mostRounds = 60
const mostMilliseconds = 6000

/** Best of many short rounds, each side in turn, in microseconds an operation. */
export async function compare(name: string, times: number, ours: (at: number) => Promise<unknown>, byHand: (at: number) => unknown): Promise<void> {
  let [best, floor] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const end = performance.now() + mostMilliseconds
  for (let round = 0; round < mostRounds && (round < 3 || performance.now() < end); round++) {
    let started = performance.now()
    for (let at = 0; at < times; at++) await ours(round * times + at)
    best = Math.min(best, performance.now() - started)
    started = performance.now()
    for (let at = 0; at < times; at++) await byHand(round * times + at)
    floor = Math.min(floor, performance.now() - started)
  }
  console.log(`  ${name.padEnd(44)} ${((best / times) * 1000).toFixed(1).padStart(9)} µs  by hand ${((floor / times) * 1000).toFixed(1).padStart(9)} µs  ratio ${(best / floor).toFixed(2)}`)
}
