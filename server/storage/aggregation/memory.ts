// How much a blocking stage may hold, and how work gives way to others.
import { setImmediate as nextTurn } from "node:timers/promises"
import { bsonTypeOf, isDocument, type Value } from "../../../kernel/index.ts"
import { badRequest } from "../language/index.ts"

const mostBytes = 100 * 1024 * 1024

/** What a stage that holds documents may hold: 100 MB, as in MongoDB without its disk. */
export class Budget {
  readonly #stage: string
  readonly #code: number
  #bytes = 0

  constructor(stage: string, code = 146) {
    this.#stage = stage
    this.#code = code
  }

  /** Throws `StoreError` when there would be too much. */
  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > mostBytes) throw badRequest(`Cannot aggregate: \`${this.#stage}\` would hold more than 100 MB`, this.#code)
  }

  release(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** About how many bytes a value takes in memory. */
export function sizeOf(value: Value): number {
  if (typeof value === "string") return 16 + value.length
  if (typeof value !== "object" || value === null) return 8
  if (Array.isArray(value)) {
    let bytes = 32
    for (const item of value as readonly Value[]) bytes += 8 + sizeOf(item)
    return bytes
  }
  if (!isDocument(value)) return bsonTypeOf(value) === "Binary" ? 64 + (value as { position?: number } as { position: number }).position : 48
  let bytes = 48
  for (const field of Object.keys(value)) bytes += 16 + field.length + sizeOf(value[field])
  return bytes
}

const sliceMilliseconds = 5

/** Gives way to others once work has gone on for a while. */
export class Turn {
  #began = performance.now()

  get isOver(): boolean {
    return performance.now() - this.#began > sliceMilliseconds
  }

  async pause(): Promise<void> {
    await nextTurn()
    this.#began = performance.now()
  }
}

/** Sorts as `toSorted` does (equal ones keep their order), giving way to others in between. */
export async function sortGently<Item>(items: readonly Item[], compare: (left: Item, right: Item) => number): Promise<Item[]> {
  const run = 2048
  if (items.length <= run) return items.toSorted(compare)
  const turn = new Turn()
  let runs: Item[][] = []
  for (let at = 0; at < items.length; at += run) {
    runs.push(items.slice(at, at + run).toSorted(compare))
    if (turn.isOver) await turn.pause()
  }
  while (runs.length > 1) {
    const merged: Item[][] = []
    for (let at = 0; at < runs.length; at += 2) {
      const [left, right] = [runs[at] as Item[], runs[at + 1]]
      merged.push(right === undefined ? left : await merge(left, right, compare, turn))
    }
    runs = merged
  }
  return runs[0] as Item[]
}

async function merge<Item>(left: readonly Item[], right: readonly Item[], compare: (left: Item, right: Item) => number, turn: Turn): Promise<Item[]> {
  const merged: Item[] = []
  let [a, b] = [0, 0]
  while (a < left.length && b < right.length) {
    merged.push(compare(left[a] as Item, right[b] as Item) <= 0 ? (left[a++] as Item) : (right[b++] as Item))
    if ((merged.length & 1023) === 0 && turn.isOver) await turn.pause()
  }
  while (a < left.length) merged.push(left[a++] as Item)
  while (b < right.length) merged.push(right[b++] as Item)
  return merged
}
