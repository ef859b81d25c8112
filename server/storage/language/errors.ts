// The errors of the query language: a `StoreError` with MongoDB's number. Messages name operators and never hold values.
import { StoreError } from "../../data/index.ts"

/** MongoDB's numbers for the errors this folder raises. */
export const serverCode = {
  badValue: 2, failedToParse: 9, typeMismatch: 14, pathNotViable: 28, conflictingUpdateOperators: 40,
  dollarPrefixedField: 52, notSingleValueField: 54, emptyFieldName: 56, immutableField: 66, notExactValueField: 111, queryFeatureNotAllowed: 224,
  pathCollision: 31249, samePath: 31250, inclusionInExclusion: 31253, exclusionInInclusion: 31254,
  positionalNotFound: 51246, positionalAlone: 31276, positionalInExclusion: 31395, elemMatchOperand: 31274, sliceOperand: 28667,
} as const

/** The request is wrong: a filter, sort, projection or update that MongoDB refuses too. */
export function badRequest(detail: string, code: number = serverCode.badValue): StoreError {
  return new StoreError("bad-request", detail, { serverCode: code })
}

/** The request is right, and this store cannot serve it. */
export function unsupported(detail: string): StoreError {
  return new StoreError("unsupported", detail)
}
