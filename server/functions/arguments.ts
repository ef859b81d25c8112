// Reading what a guest sent along with an operation. SECURITY: everything in it is hostile.
import { fromEjson, isDocument, type Document, type Json, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"

const wrong = (what: string, expected: string): RequestError => new RequestError("InvalidParameter", `${what} must be ${expected}`)

/** The arguments of an operation as a document. */
export function readArguments(json: Json): Document {
  const value = fromEjson(json)
  if (!isDocument(value)) throw wrong("arguments", "a document")
  return value
}

/** An argument that must be a document. */
export function documentArgument(args: Document, name: string): Document {
  const value = Object.hasOwn(args, name) ? args[name] : undefined
  if (!isDocument(value)) throw wrong(name, "a document")
  return value
}

/** An argument that may be absent. */
export function optionalDocument(args: Document, name: string): Document | undefined {
  const value = Object.hasOwn(args, name) ? args[name] : undefined
  return value === undefined || value === null ? undefined : documentArgument(args, name)
}

/** An argument that must be a list of documents. */
export function documentList(args: Document, name: string): Document[] {
  const value = Object.hasOwn(args, name) ? args[name] : undefined
  if (!Array.isArray(value)) throw wrong(name, "a list of documents")
  return value.map((item: Value) => {
    if (!isDocument(item)) throw wrong(name, "a list of documents")
    return item
  })
}

/** A whole number that is not negative; of any kind of number. */
export function optionalCount(args: Document, name: string): number | undefined {
  const value = Object.hasOwn(args, name) ? args[name] : undefined
  if (value === undefined || value === null) return undefined
  const number = Number(value)
  if (!Number.isFinite(number) || number < 0) throw wrong(name, "a number that is not negative")
  return Math.floor(number)
}

/** `true`, or false for everything else that is absent. */
export function flag(args: Document, name: string): boolean | undefined {
  const value = Object.hasOwn(args, name) ? args[name] : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value !== "boolean") throw wrong(name, "true or false")
  return value
}

/** Refuses a predicate that holds `undefined`, as the server does. SOURCE: specification of functions, 2.4. */
export function refuseUndefined(value: Value): void {
  if (value === undefined) throw new RequestError("MongoDBError", "(BadValue) cannot compare to undefined")
  if (Array.isArray(value)) for (const item of value as readonly Value[]) refuseUndefined(item)
  else if (isDocument(value)) for (const field of Object.keys(value)) refuseUndefined(value[field])
}

/** Refuses `undefined` in what a pipeline matches, also in the pipelines inside it. */
export function refuseUndefinedMatches(pipeline: readonly Value[]): void {
  for (const stage of pipeline) {
    if (!isDocument(stage)) continue
    if (Object.hasOwn(stage, "$match")) refuseUndefined(stage["$match"])
    for (const name of ["$lookup", "$unionWith", "$facet"]) {
      const inner = Object.hasOwn(stage, name) ? stage[name] : undefined
      if (!isDocument(inner)) continue
      for (const field of name === "$facet" ? Object.keys(inner) : ["pipeline"]) if (Array.isArray(inner[field])) refuseUndefinedMatches(inner[field] as readonly Value[])
    }
  }
}

/** Keeps the options that are there; `exactOptionalPropertyTypes` wants absent ones absent. */
export function present<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
}
