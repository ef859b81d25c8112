// What an operand or a subject is worth in one scope. The plain reading; compile.ts has fast ways for the common shapes.
import { getField, isDocument, isIndex, type Document, type Value } from "../../kernel/index.ts"
import { convert } from "./conversions.ts"
import { documentOf } from "./parse-operand.ts"
import type { Operand, Reference, Source } from "./tree.ts"
import type { CallTable, DocumentScope, KnownScope } from "./types.ts"

/** An expansion without a value. */
export const missing: unique symbol = Symbol("missing")
/** An operand with which a test is neither true nor false. */
export const undetermined: unique symbol = Symbol("undetermined")
export type Resolved = Value | typeof missing | typeof undetermined

/** Everything an evaluation reads: the document, the item of an `$elemMatch`, and the calls. */
export interface Reading { readonly scope: DocumentScope; readonly item: Value | typeof missing; readonly calls: CallTable }

/** The value a known source begins with, and the path from there with the spellings the server answers to. */
export function knownRoot(known: KnownScope, { source, path }: Reference): { readonly value: Value | typeof missing; readonly path: readonly string[] } {
  const root = known[source as keyof KnownScope]
  const [first, second] = path
  if (source === "environment" && first === "tag" && (root === undefined || getField(root as Document, "tag") === undefined)) return { value: "", path: path.slice(1) }
  if (root === undefined || root === null) return { value: missing, path }
  if (source === "request" && first === "requestHeaders" && second !== undefined) return { value: root, path: [first, headerName(root as Document, second), ...path.slice(2)] }
  if (source === "user" && first === "custom_data") return customData(root as Document, path)
  if (source === "user" && first === "identities") return identities(root as Document, path)
  return { value: root, path }
}

/** SECURITY: no document, `null` and `{}` are one case, so that `$exists` does not hold for users without data. */
function customData(user: Document, path: readonly string[]): { value: Value | typeof missing; path: readonly string[] } {
  const data = getField(user, "custom_data")
  const empty = !isDocument(data) || Object.keys(data).length === 0
  return empty ? { value: missing, path } : { value: data, path: path.slice(1) }
}

/** SOURCE: one page spells `providerType`, others and exports `provider_type`; both are answered. */
function identities(user: Document, path: readonly string[]): { value: Value; path: readonly string[] } {
  const list = getField(user, "identities") ?? []
  const rest = path.slice(1)
  const at = rest.findIndex((segment) => !isIndex(segment))
  const spelling = rest[at]
  if (spelling !== "providerType" && spelling !== "provider_type") return { value: list, path: rest }
  const holds = [list].flat().some((each) => isDocument(each) && Object.hasOwn(each, spelling))
  const other = spelling === "providerType" ? "provider_type" : "providerType"
  return { value: list, path: holds ? rest : rest.with(at, other) }
}

/** Each identity with its type under both spellings, for what looks into them one by one. */
export function spelledBoth(list: Value | typeof missing): Value | typeof missing {
  if (!Array.isArray(list)) return list
  return (list as readonly Value[]).map((each) => {
    const type = isDocument(each) ? (getField(each, "provider_type") ?? getField(each, "providerType")) : undefined
    return type === undefined ? each : { provider_type: type, providerType: type, ...(each as Document) }
  })
}

/** SOURCE: header names ignore case. */
function headerName(request: Document, name: string): string {
  const headers = getField(request, "requestHeaders")
  if (!isDocument(headers) || Object.hasOwn(headers, name)) return name
  return Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name
}

/** The value a source of the document begins with. */
export function documentRoot(source: Source, { scope, item }: Pick<Reading, "scope" | "item">): Value | typeof missing {
  if (source === "item") return item
  const value = scope[source as keyof DocumentScope]
  return value === undefined ? missing : value
}

/**
 * The value at the end of a path, as an operand: a path over a list gives the list of what its documents have there.
 * Own data only.
 */
export function valueAt(from: Value | typeof missing, path: readonly string[], start = 0): Value | typeof missing {
  let value = from
  for (let at = start; at < path.length; at++) {
    const segment = path[at] as string
    if (Array.isArray(value)) return valuesAt(value as Value[], path, at)
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return missing
    value = value[segment]
  }
  return value === undefined ? missing : value
}

function valuesAt(list: readonly Value[], path: readonly string[], at: number): Value | typeof missing {
  const segment = path[at] as string
  const found: Value[] = []
  for (const item of list) {
    if (!isDocument(item)) continue
    const value = valueAt(item, path, at)
    if (value !== missing) found.push(value)
  }
  const indexed = isIndex(segment) ? valueAt(list[Number(segment)], path, at + 1) : missing
  if (found.length === 0) return indexed
  return indexed === missing ? found : [indexed, ...found]
}

/** What an operand is worth. INVARIANT: references to known sources have been bound before. */
export function resolve(operand: Operand, reading: Reading): Resolved {
  switch (operand.kind) {
    case "literal": return operand.value
    case "missing": return missing
    case "undetermined": return undetermined
    case "reference": return valueAt(documentRoot(operand.source, reading), operand.path)
    case "conversion": return convertResolved(operand, reading)
    case "list": return resolveList(operand.items, reading)
    case "document": return resolveDocument(operand.fields, reading)
    case "call": return resolveCall(operand, reading)
  }
}

function convertResolved(operand: Operand & { kind: "conversion" }, reading: Reading): Resolved {
  // What has no value cannot be converted either.
  const converted = convert(operand.name, resolve(operand.of, reading) as Value)
  return converted === undefined ? undetermined : converted
}

function resolveList(items: readonly Operand[], reading: Reading): Resolved {
  const values: Value[] = []
  for (const item of items) {
    const value = resolve(item, reading)
    if (value === missing || value === undetermined) return undetermined
    values.push(value)
  }
  return values
}

function resolveDocument(fields: readonly (readonly [string, Operand])[], reading: Reading): Resolved {
  const values: [string, Value][] = []
  for (const [field, operand] of fields) {
    const value = resolve(operand, reading)
    if (value === missing || value === undetermined) return undetermined
    values.push([field, value])
  }
  return documentOf(values)
}

function resolveCall({ name, args }: Operand & { kind: "call" }, reading: Reading): Resolved {
  const values: Value[] = []
  for (const operand of args) {
    const value = resolveArgument(operand, reading)
    if (value === undetermined) return undetermined
    values.push(value)
  }
  const { value } = reading.calls.result(name, values) as { readonly value?: Value }
  return value === undefined ? undetermined : value
}

/** SOURCE: specification 3.2, lists have no holes: a missing value is passed as null, at any depth. */
function resolveArgument(operand: Operand, reading: Reading): Value | typeof undetermined {
  switch (operand.kind) {
    case "list": {
      const values: Value[] = []
      for (const item of operand.items) {
        const value = resolveArgument(item, reading)
        if (value === undetermined) return undetermined
        values.push(value)
      }
      return values
    }
    case "document": {
      const fields: [string, Value][] = []
      for (const [field, part] of operand.fields) {
        const value = resolveArgument(part, reading)
        if (value === undetermined) return undetermined
        fields.push([field, value])
      }
      return documentOf(fields)
    }
    default: {
      const value = resolve(operand, reading)
      return value === missing ? null : value
    }
  }
}
