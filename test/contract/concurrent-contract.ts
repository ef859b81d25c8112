// Many users who write one document at the same time, through the guard: a history of what each was told, checked as one
// counter that everybody shares (Herlihy and Wing's linearizability; for a counter it comes down to the three checks below).
import { describe, expect, test } from "vitest"
import type { Document } from "../../kernel/index.ts"
import { StoreError, type GuardedCollection } from "../../server/data/index.ts"
import { callerOf, openWorld, systemCaller } from "../server/data/rules-world.ts"
import type { Bench } from "./store-contract.ts"

const lanes = 6
const steps = 12
/** The role depends on the document, and a field is not the user's: nothing can be handed to the database as it is. */
const rules = {
  roles: [{ name: "member", apply_when: { team: "%%user.custom_data.team" }, insert: true, delete: true, fields: { n: { read: true, write: true }, team: { read: true }, secret: { read: false, write: false } }, additional_fields: { read: true } }],
}

/** One operation as its caller saw it: when it was asked and answered, and the counter it was told (a write: after its own step). */
interface Event { readonly kind: "step" | "read"; readonly asked: number; readonly answered: number; readonly value: number }

/** MongoDB's code for a write that others overtook: nothing was written. */
async function unlessOvertaken<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError && error.serverCode === 112) return undefined
    throw error
  }
}

async function step(collection: GuardedCollection, how: number): Promise<number | undefined> {
  if (how % 2 === 0) return unlessOvertaken(async () => (await collection.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }, { returnNewDocument: true }))?.["n"] as number)
  // The client's own compare and swap: what it read is part of the filter.
  const before = (await collection.findOne({ _id: 1 }))?.["n"] as number
  const outcome = await unlessOvertaken(() => collection.updateOne({ _id: 1, n: before }, { $set: { n: before + 1 } }))
  return outcome?.matchedCount === 1 ? before + 1 : undefined
}

export function concurrentContract({ store, fresh }: Bench): void {
  describe("writers at the same time", () => {
    test("lose no update, and what each is told fits one order of all", async () => {
      const namespace = await fresh([{ _id: 1, n: 0, team: "red", secret: "s" }])
      const { service } = openWorld({ store: store(), namespace, rules })
      const collection = service.collection("mongodb-atlas", namespace, callerOf({ custom_data: { team: "red" } }))
      const history: Event[] = []
      let time = 0
      await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
        for (let done = 0; done < steps; done++) {
          const asked = time++
          const value = await step(collection, lane + done)
          if (value !== undefined) history.push({ kind: "step", asked, answered: time++, value })
          const readAt = time++
          const seen = (await collection.findOne({ _id: 1 }))?.["n"] as number
          history.push({ kind: "read", asked: readAt, answered: time++, value: seen })
        }
      }))

      const taken = history.filter(({ kind }) => kind === "step")
      // Each step has a place of its own, without a gap, and the counter is their number.
      expect(taken.map(({ value }) => value).toSorted((left, right) => left - right)).toEqual(taken.map((_, at) => at + 1))
      const [final] = await service.collection("mongodb-atlas", namespace, systemCaller).find({ _id: 1 }).toArray() as [Document]
      expect(final).toEqual({ _id: 1, n: taken.length, team: "red", secret: "s" })
      // What was answered before another was asked comes before it.
      const behind = history.flatMap((later) => history.filter((earlier) => earlier.answered < later.asked && (later.kind === "step" ? earlier.value >= later.value : earlier.value > later.value)))
      expect(behind).toEqual([])
      // No read shows a step that nobody had begun.
      const unbegun = history.filter(({ kind, value, answered }) => kind === "read" && taken.some((each) => each.value === value && each.asked > answered))
      expect(unbegun).toEqual([])
      expect(taken.length).toBeGreaterThan(lanes)
    })
  })
}
