// A client's service actions (client protocol, 4.3): one argument object in, the reply's value out.
import { isDocument, Long, type Document, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { invalid } from "./refusals.ts"
import type { GuardedCollection } from "./service.ts"
import type { DataSettings } from "./settings.ts"
import type { Namespace } from "./store.ts"

/** The argument of an action. SOURCE: SDKs spell `query`/`project` on some actions, `filter`/`projection` on others; both are read on all. */
interface Argument {
  readonly filter: Document
  readonly projection: { readonly projection?: Document }
  readonly sort: { readonly sort?: Document }
  document(name: string): Document
  documents(name: string): readonly Document[]
  has(name: string): boolean
  /** Text under the first of these names that is given. */
  name(...names: readonly string[]): string
  readonly limit: { readonly limit?: number }
  flag(name: string): boolean
  readonly arrayFilters: { readonly arrayFilters?: readonly Document[] }
}

type Action = (collection: GuardedCollection, argument: Argument, settings: DataSettings) => Promise<Value>

const actions: Record<string, Action> = {
  find: (c, a) => c.find(a.filter, { ...a.projection, ...a.sort, ...a.limit }).toArray(),
  findOne: (c, a) => c.findOne(a.filter, { ...a.projection, ...a.sort }),
  aggregate: (c, a) => c.aggregate(a.documents("pipeline")).toArray(),
  count: async (c, a) => Long.fromNumber(await c.count(a.filter, a.limit)),
  distinct: (c, a) => c.distinct(a.name("field", "key"), a.filter),
  insertOne: async (c, a) => ({ ...(await c.insertOne(a.document("document"))) }),
  insertMany: async (c, a) => ({ ...(await c.insertMany(a.documents("documents"))) }),
  updateOne: async (c, a) => ({ ...(await c.updateOne(a.filter, a.document("update"), { ...upsert(a), ...a.arrayFilters })) }),
  updateMany: async (c, a) => ({ ...(await c.updateMany(a.filter, a.document("update"), { ...upsert(a), ...a.arrayFilters })) }),
  deleteOne: async (c, a) => ({ ...(await c.deleteOne(a.filter)) }),
  deleteMany: async (c, a) => ({ ...(await c.deleteMany(a.filter)) }),
  findOneAndUpdate: (c, a) => c.findOneAndUpdate(a.filter, a.document("update"), { ...change(a), ...a.arrayFilters }),
  findOneAndReplace: (c, a, settings) => replaceOrDelete(c, a, settings),
  findOneAndDelete: (c, a) => c.findOneAndDelete(a.filter, { ...a.projection, ...a.sort }),
}

/** Names of the actions, for whoever lists them. */
export const actionNames: readonly string[] = Object.keys(actions)

/** SOURCE: specification of rules, 8.3 and 10: not for users. No SDK sends them; without a word they would seem to have been heeded. */
const refusedArguments = ["collation", "readConcern", "writeConcern", "bypassDocumentValidation"]

/** Runs one action. */
export async function callAction(open: (namespace: Namespace) => GuardedCollection, name: string, raw: Document, settings: DataSettings): Promise<Value> {
  if (!isDocument(raw)) throw invalid("an action takes one argument, an object")
  const [database, collection] = [given(raw, "database"), given(raw, "collection")]
  const guarded = open({ database: named("database", database), collection: named("collection", collection) })
  // SECURITY: own names only; an action named `constructor` does not exist.
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined) throw invalid(`service action not found: '${name}'`)
  const refused = refusedArguments.find((each) => given(raw, each) !== undefined)
  if (refused !== undefined) throw invalid(`\`${refused}\` is for system functions only`)
  return action(guarded, argumentOf(raw), settings)
}

/** SOURCE: realm-web 2.0.1 sends `findOneAndReplace` without `update` when code calls `findOneAndDelete`. */
function replaceOrDelete(collection: GuardedCollection, argument: Argument, settings: DataSettings): Promise<Document | null> {
  if (argument.has("update") || argument.has("replacement")) return collection.findOneAndReplace(argument.filter, argument.document(argument.has("update") ? "update" : "replacement"), change(argument))
  if (settings.findOneAndReplaceWithoutUpdate === "error") throw new RequestError("MissingParameter", "`update` is missing")
  return collection.findOneAndDelete(argument.filter, { ...argument.projection, ...argument.sort })
}

function argumentOf(raw: Document): Argument {
  return {
    filter: optionalDocument(raw, "query", "filter") ?? {},
    projection: optional("projection", optionalDocument(raw, "project", "projection")),
    sort: optional("sort", optionalDocument(raw, "sort")),
    limit: optional("limit", wholeNumber(raw, "limit")),
    arrayFilters: optional("arrayFilters", optionalList(raw, "arrayFilters")),
    has: (name) => given(raw, name) !== undefined,
    flag: (name) => isFlagged(raw, name),
    name(...names) {
      const found = names.find((each) => given(raw, each) !== undefined) ?? (names[0] as string)
      return named(found, given(raw, found))
    },
    document(name) {
      const value = given(raw, name)
      if (value === undefined) throw new RequestError("MissingParameter", `\`${name}\` is missing`)
      if (isDocument(value)) return value
      // SOURCE: realm-js issue 5173, the reply to a pipeline as update.
      throw invalid(name === "update" ? '"update" argument must be a object' : `\`${name}\` is a document`)
    },
    documents(name) {
      const list = optionalList(raw, name)
      if (list === undefined) throw new RequestError("MissingParameter", `\`${name}\` is missing`)
      return list
    },
  }
}

function upsert(argument: Argument): { readonly upsert?: boolean } {
  return argument.flag("upsert") ? { upsert: true } : {}
}

function change(argument: Argument): { readonly projection?: Document; readonly sort?: Document; readonly upsert?: boolean; readonly returnNewDocument?: boolean } {
  return { ...argument.projection, ...argument.sort, ...upsert(argument), ...(argument.flag("returnNewDocument") ? { returnNewDocument: true } : {}) }
}

/** `null` counts as absent: SDKs leave absent options out. */
function given(raw: Document, name: string): Value {
  const value = Object.hasOwn(raw, name) ? raw[name] : undefined
  return value === null ? undefined : value
}

function optionalDocument(raw: Document, ...names: readonly string[]): Document | undefined {
  const name = names.find((each) => given(raw, each) !== undefined)
  if (name === undefined) return undefined
  const value = given(raw, name)
  if (!isDocument(value)) throw invalid(`\`${name}\` is a document`)
  return value
}

function optionalList(raw: Document, name: string): readonly Document[] | undefined {
  const value = given(raw, name)
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every(isDocument)) throw invalid(`\`${name}\` is a list of documents`)
  return value as readonly Document[]
}

function wholeNumber(raw: Document, name: string): number | undefined {
  const value = given(raw, name)
  if (value === undefined) return undefined
  const number = typeof value === "number" ? value : Number(String(value))
  if (typeof value === "string" || !Number.isSafeInteger(number)) throw invalid(`\`${name}\` is a whole number`)
  return number
}

function isFlagged(raw: Document, name: string): boolean {
  const value = given(raw, name)
  if (value !== undefined && typeof value !== "boolean") throw invalid(`\`${name}\` is true or false`)
  return value === true
}

function named(name: string, value: Value): string {
  if (value === undefined) throw new RequestError("MissingParameter", `\`${name}\` is missing`)
  if (typeof value !== "string" || value === "") throw invalid(`\`${name}\` is a name`)
  return value
}

function optional<Name extends string, Of>(name: Name, value: Of | undefined): { readonly [Key in Name]?: Of } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: Of }
}
