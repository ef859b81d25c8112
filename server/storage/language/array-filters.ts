// `arrayFilters`: which elements `$[name]` stands for.
import { isDocument, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, serverCode } from "./errors.ts"
import { compileFilter } from "./filter.ts"
import type { LanguageOptions } from "./options.ts"

/** Tests of elements, by the name they have in `$[name]`. */
export type ArrayFilters = ReadonlyMap<string, (element: Value) => boolean>

/** Compiles array filters. Throws `StoreError` for one that names no or several identifiers, or one that is there already. */
export function compileArrayFilters(filters: readonly Document[], options: LanguageOptions): ArrayFilters {
  const compiled = new Map<string, (element: Value) => boolean>()
  for (const filter of filters) {
    if (!isDocument(filter)) throw badRequest("Cannot update: an array filter is no document", serverCode.typeMismatch)
    if (Object.hasOwn(filter, "$expr")) throw badRequest("Cannot update: `$expr` in an array filter", serverCode.queryFeatureNotAllowed)
    const names = new Set<string>()
    collectNames(filter, names)
    const [name] = names
    if (name === undefined || names.size !== 1) throw badRequest("Cannot update: an array filter must name one identifier", serverCode.failedToParse)
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) throw badRequest("Cannot update: an array filter's identifier must be letters and digits and begin with a small letter", serverCode.badValue)
    if (compiled.has(name)) throw badRequest("Cannot update: two array filters have the same identifier", serverCode.failedToParse)
    const matches = compileFilter(filter, options)
    compiled.set(name, (element) => matches({ [name]: element }))
  }
  return compiled
}

function collectNames(filter: Document, names: Set<string>): void {
  for (const key of Object.keys(filter)) {
    if (!key.startsWith("$")) names.add(key.split(".")[0] as string)
    else if (Array.isArray(filter[key])) for (const item of filter[key] as readonly Value[]) if (isDocument(item)) collectNames(item, names)
  }
}

/** The name within `$[name]`, `""` for `$[]`, undefined for any other segment. */
export function elementName(segment: string): string | undefined {
  return segment.startsWith("$[") && segment.endsWith("]") ? segment.slice(2, -1) : undefined
}
