// Stages that need all documents before they give the first: `$sort`, `$sample`.
import { isDocument, isNumeric, type Document, type Value } from "../../../../kernel/index.ts"
import { compileKeyOrder, compileSortKey, exactInteger } from "../../language/index.ts"
import { Budget, sizeOf, sortGently, Turn } from "../memory.ts"
import { namedFields } from "../operands.ts"
import { batchesOf, wrongStage, type MakeStage, type Run } from "../stage.ts"

interface Keyed { readonly key: readonly Value[]; readonly document: Document; readonly size: number; readonly at: number }

/** A sort; with `most`, only so many of the first documents are kept. */
export function sortStage(operand: Value, most: number, name = "$sort"): Run {
  if (!isDocument(operand)) throw wrongStage(name, "its operand is no document", 15973)
  if (Object.keys(operand).length === 0) throw wrongStage(name, "it has no keys", 15976)
  const keyOf = compileSortKey(operand)
  const order = compileKeyOrder(operand)
  const compare = (left: Keyed, right: Keyed): number => order(left.key, right.key) || left.at - right.at
  return async function* run(input) {
    const budget = new Budget(name, 292)
    const turn = new Turn()
    let kept: Keyed[] = []
    let at = 0
    for await (const batch of input) {
      for (const document of batch) {
        const size = 48 + sizeOf(document)
        budget.take(size)
        kept.push({ key: keyOf(document), document, size, at: at++ })
        if (kept.length >= 2 * most + 512) {
          kept = await sortGently(kept, compare)
          for (const { size: freed } of kept.splice(most)) budget.release(freed)
        }
      }
      if (turn.isOver) await turn.pause()
    }
    const sorted = await sortGently(kept, compare)
    kept = []
    yield* batchesOf((sorted.length > most ? sorted.slice(0, most) : sorted).map(({ document }) => document))
  }
}

const sample: MakeStage = (operand, _context, name) => {
  const given = namedFields(operand, name, ["size"], [], 28745)["size"]
  const exact = isNumeric(given) ? exactInteger(given) : undefined
  if (exact === undefined) throw wrongStage(name, "`size` is no integer", 28746)
  if (exact <= 0n) throw wrongStage(name, "`size` is not positive", 28747)
  const size = Number(exact)
  return async function* run(input) {
    const budget = new Budget(name)
    const kept: Document[] = []
    let seen = 0
    for await (const batch of input) {
      for (const document of batch) {
        seen += 1
        if (kept.length < size) {
          budget.take(sizeOf(document))
          kept.push(document)
          continue
        }
        const index = Math.floor(Math.random() * seen)
        if (index >= size) continue
        budget.release(sizeOf(kept[index] as Document))
        budget.take(sizeOf(document))
        kept[index] = document
      }
    }
    for (let last = kept.length - 1; last > 0; last--) {
      const other = Math.floor(Math.random() * (last + 1))
      const moved = kept[last] as Document
      kept[last] = kept[other] as Document
      kept[other] = moved
    }
    yield* batchesOf(kept)
  }
}

export const sortingStages: Readonly<Record<string, MakeStage>> = { $sort: (operand) => sortStage(operand, Number.POSITIVE_INFINITY), $sample: sample }
