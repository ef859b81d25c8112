// Stages that look at one document after another: `$match`, `$skip`, `$limit`, `$count`, `$unwind`, `$redact`, and the reshaping ones.
import { isDocument, isNumeric, Long, setField, type Document, type Value } from "../../../../kernel/index.ts"
import { compileFilter, exactInteger } from "../../language/index.ts"
import { compileExpression, fieldPath } from "../compile.ts"
import { withCells, type Cell } from "../evaluate.ts"
import { filterOptions } from "../hook.ts"
import { intOrLong } from "../numbers.ts"
import { reshapers } from "../reshaping.ts"
import { eachDocument, wrongStage, type MakeStage } from "../stage.ts"

const match: MakeStage = (operand, context, name) => {
  if (!isDocument(operand)) throw wrongStage(name, "its operand is no document", 15959)
  const matches = compileFilter(operand, filterOptions(context.scope, context.language))
  return eachDocument(context, (document) => (matches(document) ? document : undefined))
}

/** The number of `$skip` and `$limit`. Throws `StoreError`. */
export function stageCount(operand: Value, name: string, least: number): number {
  const number = isNumeric(operand) ? exactInteger(operand) : undefined
  if (number === undefined || BigInt.asIntN(64, number) !== number) throw wrongStage(name, "its operand is no integer", name === "$limit" ? 2107201 : 5107200)
  if (number < BigInt(least)) throw wrongStage(name, least === 1 ? "its operand is not positive" : "its operand is negative", least === 1 ? 15958 : 5107200)
  return Number(number)
}

const skip: MakeStage = (operand, _context, name) => {
  const count = stageCount(operand, name, 0)
  return async function* run(input) {
    let left = count
    for await (const batch of input) {
      if (left === 0) yield batch
      else {
        if (batch.length > left) yield batch.slice(left)
        left = Math.max(0, left - batch.length)
      }
    }
  }
}

const limit: MakeStage = (operand, _context, name) => {
  const count = stageCount(operand, name, 1)
  return async function* run(input) {
    let left = count
    for await (const batch of input) {
      yield batch.length > left ? batch.slice(0, left) : batch
      left -= batch.length
      if (left <= 0) return
    }
  }
}

const count: MakeStage = (operand, _context, name) => {
  if (typeof operand !== "string") throw wrongStage(name, "the field name is no string", 40156)
  if (operand === "") throw wrongStage(name, "the field has no name", 40157)
  if (operand.startsWith("$")) throw wrongStage(name, "the field name begins with `$`", 40158)
  if (operand.includes("\0")) throw wrongStage(name, "the field name holds a NUL character", 40159)
  if (operand.includes(".")) throw wrongStage(name, "the field name has a dot", 40160)
  if (operand === "_id") throw wrongStage(name, "the field name is `_id`", 40161)
  return async function* run(input) {
    let total = 0
    for await (const batch of input) total += batch.length
    if (total > 0) yield [{ [operand]: intOrLong(total) }]
  }
}

const unwind: MakeStage = (operand, context, name) => {
  const fields: Document = isDocument(operand) ? operand : { path: operand }
  for (const field of Object.keys(fields)) if (!["path", "preserveNullAndEmptyArrays", "includeArrayIndex"].includes(field)) throw wrongStage(name, "it has a field it does not know", 28811)
  const { path: given, preserveNullAndEmptyArrays: preserves = false, includeArrayIndex: indexField } = fields
  if (!isDocument(operand) && typeof operand !== "string") throw wrongStage(name, "its operand is neither string nor document", 15981)
  if (!Object.hasOwn(fields, "path")) throw wrongStage(name, "`path` is absent", 28812)
  if (typeof given !== "string") throw wrongStage(name, "`path` is no string", 28808)
  if (typeof preserves !== "boolean") throw wrongStage(name, "`preserveNullAndEmptyArrays` is no boolean", 28809)
  if (Object.hasOwn(fields, "includeArrayIndex") && (typeof indexField !== "string" || indexField === "")) throw wrongStage(name, "`includeArrayIndex` is no name", 28810)
  if (typeof indexField === "string" && indexField.startsWith("$")) throw wrongStage(name, "`includeArrayIndex` begins with `$`", 28822)
  if (!given.startsWith("$")) throw wrongStage(name, "`path` does not begin with `$`", 28818)
  const segments = fieldPath(given.slice(1))
  const indexPath = typeof indexField === "string" ? fieldPath(indexField) : undefined
  const place = (document: Document, value: Value | typeof absent, index: Value): Document => {
    const made = value === absent ? document : (withValue(document, segments, 0, value) as Document)
    return indexPath === undefined ? made : (withValue(made, indexPath, 0, index) as Document)
  }
  return async function* run(input) {
    for await (const batch of input) {
      let made: Document[] = []
      for (const document of batch) {
        const value = plainValue(document, segments)
        if (!Array.isArray(value)) {
          if (value !== null && value !== undefined) made.push(place(document, absent, null))
          else if (preserves) made.push(place(document, absent, null))
        } else if (value.length === 0) {
          if (preserves) made.push(place(withoutValue(document, segments, 0) as Document, absent, null))
        } else {
          // SOURCE: manual, "$unwind": the index is a long.
          for (const [index, item] of (value as readonly Value[]).entries()) {
            made.push(place(document, item, Long.fromNumber(index)))
            if (made.length < 512) continue
            yield made
            made = []
          }
        }
      }
      if (made.length > 0) yield made
    }
    context.scope.meter.begin()
  }
}

const absent = Symbol("absent")

/** The value at a path that leads through documents only. */
export function plainValue(document: Document, segments: readonly string[]): Value {
  let value: Value = document
  for (const segment of segments) {
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return undefined
    value = value[segment]
  }
  return value
}

/** The document with another value at a path; what is no document on the way is replaced by one. */
export function withValue(document: Value, segments: readonly string[], at: number, value: Value): Value {
  if (at === segments.length) return value
  const copy: Document = isDocument(document) ? { ...document } : {}
  const segment = segments[at] as string
  setField(copy, segment, withValue(Object.hasOwn(copy, segment) ? copy[segment] : undefined, segments, at + 1, value))
  return copy
}

function withoutValue(document: Value, segments: readonly string[], at: number): Value {
  const segment = segments[at] as string
  if (!isDocument(document) || !Object.hasOwn(document, segment)) return document
  const copy: Document = { ...document }
  if (at === segments.length - 1) delete copy[segment]
  else setField(copy, segment, withoutValue(copy[segment], segments, at + 1))
  return copy
}

const redact: MakeStage = (operand, context, name) => {
  const current: Cell = { value: undefined }
  const scope = withCells(context.scope, [
    ["CURRENT", current], ["DESCEND", { value: "descend" }], ["PRUNE", { value: "prune" }], ["KEEP", { value: "keep" }],
  ])
  const decide = compileExpression(operand, scope)
  const redactDocument = (document: Document, root: Document): Document | undefined => {
    current.value = document
    const decision = decide(root)
    if (decision === "keep") return document
    if (decision === "prune") return undefined
    if (decision !== "descend") throw wrongStage(name, "the expression gave something else than $$DESCEND, $$PRUNE or $$KEEP", 17053)
    const result: Document = {}
    for (const field of Object.keys(document)) {
      const value = redactValue(document[field], root)
      if (value !== undefined) setField(result, field, value)
    }
    return result
  }
  const redactValue = (value: Value, root: Document): Value => {
    if (Array.isArray(value)) return (value as readonly Value[]).map((item) => redactValue(item, root)).filter((item) => item !== undefined)
    return isDocument(value) ? redactDocument(value, root) : value
  }
  return eachDocument(context, (document) => redactDocument(document, document))
}

const reshapes = Object.fromEntries(Object.entries(reshapers).map(([stage, make]): [string, MakeStage] => [
  stage, (operand, context, name) => eachDocument(context, make(operand, context.scope, name)),
]))

export const simpleStages: Readonly<Record<string, MakeStage>> = { ...reshapes, $match: match, $skip: skip, $limit: limit, $count: count, $unwind: unwind, $redact: redact }
