// The methods of a collection in functions, put in terms of the data service. SOURCE: specification of functions, 4.2.
import { isDocument, type Document, type Value } from "../../kernel/index.ts"
import type { BulkOperation, Cursor, GuardedCollection } from "../data/index.ts"
import { RequestError } from "../errors.ts"
import { documentArgument, documentList, flag, optionalCount, optionalDocument, present, refuseUndefined, refuseUndefinedMatches } from "./arguments.ts"

/** A value, or a cursor that is to be read in parts. */
export type OperationResult = { readonly value: Value } | { readonly cursor: Cursor }
type Operation = (collection: GuardedCollection, args: Document, options: Document, isSystem: boolean) => Promise<OperationResult> | OperationResult

/** Writes a call may make through bulk operations. SOURCE: specification of functions, 2.6. */
const mostBulkOperations = 100_000

function filterOf(args: Document): Document {
  const filter = optionalDocument(args, "filter") ?? {}
  refuseUndefined(filter)
  return filter
}

/** The filter of a change. SOURCE: 4.2 names it without brackets. One that is missing by mistake must not mean every document. */
function targetOf(args: Document): Document {
  const filter = documentArgument(args, "filter")
  refuseUndefined(filter)
  return filter
}

function updateOf(args: Document): Document {
  const update = args["update"]
  if (Array.isArray(update)) throw new RequestError("InvalidParameter", "update must be a document")
  return documentArgument(args, "update")
}

function arrayFiltersOf(options: Document): Document[] | undefined {
  if (!Object.hasOwn(options, "arrayFilters")) return undefined
  const filters = documentList(options, "arrayFilters")
  refuseUndefined(filters)
  return filters
}

const writeOptions = (options: Document) => present({ upsert: flag(options, "upsert"), arrayFilters: arrayFiltersOf(options) })
const changeOptions = (options: Document) =>
  present({ ...writeOptions(options), sort: optionalDocument(options, "sort"), projection: optionalDocument(options, "projection"), returnNewDocument: flag(options, "returnNewDocument") })

function hintOf(options: Document): Document | string | undefined {
  const hint = options["hint"]
  return typeof hint === "string" ? hint : optionalDocument(options, "hint")
}

const operations: Record<string, Operation> = {
  find: (collection, args, options) => ({
    cursor: collection.find(filterOf(args), present({
      projection: optionalDocument(args, "projection"), sort: optionalDocument(options, "sort"), skip: optionalCount(options, "skip"), limit: optionalCount(options, "limit"),
      hint: hintOf(options), collation: optionalDocument(options, "collation"),
    })),
  }),
  // SOURCE: `sort` in the options of findOne is documented as unusable, so it is ignored.
  findOne: async (collection, args, options) => ({
    value: await collection.findOne(filterOf(args), present({ projection: optionalDocument(args, "projection"), skip: optionalCount(options, "skip"), hint: hintOf(options), collation: optionalDocument(options, "collation") })),
  }),
  aggregate: (collection, args, options, isSystem) => {
    const allowDiskUse = flag(options, "allowDiskUse")
    if (allowDiskUse === true && !isSystem) throw new RequestError("FunctionExecutionError", "the option allowDiskUse is available to system functions only")
    const maxTimeMS = optionalCount(options, "maxTimeMS")
    const pipeline = documentList(args, "pipeline")
    refuseUndefinedMatches(pipeline)
    return { cursor: collection.aggregate(pipeline, present({ maxTimeMS, allowDiskUse })) }
  },
  count: async (collection, args, options) => ({ value: await collection.count(filterOf(args), present({ limit: optionalCount(options, "limit") })) }),
  distinct: async (collection, args) => {
    const field = args["field"]
    if (typeof field !== "string") throw new RequestError("InvalidParameter", "field must be text")
    return { value: await collection.distinct(field, filterOf(args)) }
  },
  insertOne: async (collection, args) => ({ value: { ...(await collection.insertOne(documentArgument(args, "document"))) } }),
  insertMany: async (collection, args, options) => {
    const documents = documentList(args, "documents")
    if (documents.length === 0) throw new RequestError("InvalidParameter", "must provide at least one element in input slice")
    return { value: { ...(await collection.insertMany(documents, present({ ordered: flag(options, "ordered") }))) } }
  },
  updateOne: async (collection, args, options) => ({ value: { ...(await collection.updateOne(targetOf(args), updateOf(args), { ...writeOptions(options), countChanged: true })) } }),
  updateMany: async (collection, args, options, isSystem) => {
    // SOURCE: an update without operators replaces the document, even in updateMany (client protocol, 4.3).
    const isReplacement = isSystem && !Object.keys(updateOf(args)).some((key) => key.startsWith("$"))
    if (isReplacement) return { value: { ...(await collection.replaceOne(targetOf(args), updateOf(args), { ...present({ upsert: flag(options, "upsert") }), countChanged: true })) } }
    return { value: { ...(await collection.updateMany(targetOf(args), updateOf(args), { ...writeOptions(options), countChanged: true })) } }
  },
  replaceOne: async (collection, args, options) => ({ value: { ...(await collection.replaceOne(targetOf(args), updateOf(args), { ...present({ upsert: flag(options, "upsert") }), countChanged: true })) } }),
  deleteOne: async (collection, args) => ({ value: { ...(await collection.deleteOne(targetOf(args))) } }),
  deleteMany: async (collection, args) => ({ value: { ...(await collection.deleteMany(targetOf(args))) } }),
  findOneAndUpdate: async (collection, args, options) => ({ value: await collection.findOneAndUpdate(targetOf(args), updateOf(args), changeOptions(options)) }),
  findOneAndReplace: async (collection, args, options) => ({ value: await collection.findOneAndReplace(targetOf(args), updateOf(args), changeOptions(options)) }),
  findOneAndDelete: async (collection, args, options) => ({
    value: await collection.findOneAndDelete(targetOf(args), present({ sort: optionalDocument(options, "sort"), projection: optionalDocument(options, "projection") })),
  }),
  bulkWrite: async (collection, args, options) => {
    const list = documentList(args, "operations")
    if (list.length === 0) throw new RequestError("InvalidParameter", "Failed to execute bulk writes: no operations specified")
    if (list.length > mostBulkOperations) throw new RequestError("InvalidParameter", `Failed to execute bulk writes: more than ${mostBulkOperations} operations`)
    return { value: await collection.bulkWrite(list.map(bulkOperation), present({ ordered: flag(options, "ordered") })) }
  },
}

/** Reads one operation of `bulkWrite`; an insert may have its document bare. */
function bulkOperation(each: Document): BulkOperation {
  const [name, ...others] = Object.keys(each)
  const body = name === undefined ? undefined : each[name]
  if (name === undefined || others.length > 0 || !isDocument(body)) throw new RequestError("InvalidParameter", "Failed to execute bulk writes: every operation must be a document with one key")
  switch (name) {
    case "insertOne": {
      const isWrapped = Object.keys(body).length === 1 && isDocument(body["document"])
      return { insertOne: { document: isWrapped ? documentArgument(body, "document") : body } }
    }
    case "updateOne": return { updateOne: { filter: targetOf(body), update: updateOf(body), ...writeOptions(body) } }
    case "updateMany": return { updateMany: { filter: targetOf(body), update: updateOf(body), ...writeOptions(body) } }
    case "replaceOne": return { replaceOne: { filter: targetOf(body), replacement: documentArgument(body, "replacement"), ...present({ upsert: flag(body, "upsert") }) } }
    case "deleteOne": return { deleteOne: { filter: targetOf(body) } }
    case "deleteMany": return { deleteMany: { filter: targetOf(body) } }
    default: throw new RequestError("InvalidParameter", `Failed to execute bulk writes: unknown operation`)
  }
}

// SOURCE: for users these are refused, for system functions allowed (4.5); this server gives them no effect but `collation`.
const systemOptions = ["readConcern", "writeConcern", "collation", "readPreference"] as const

/** Performs a method of a collection. Rejects with the data service's errors, or `InvalidParameter`. */
export async function performDataOperation(collection: GuardedCollection, name: string, args: Document, isSystem: boolean): Promise<OperationResult> {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation === undefined) throw new RequestError("FunctionExecutionError", "the collection has no such method")
  const options = optionalDocument(args, "options") ?? {}
  if (!isSystem) {
    for (const option of systemOptions) {
      if (Object.hasOwn(options, option)) throw new RequestError("FunctionExecutionError", `the option ${option} is available to system functions only`)
    }
    // SOURCE: specification of rules, 10: the schema is a permission. It is not passed by in silence, as it would seem to have been heeded.
    if (flag(options, "bypassDocumentValidation") === true) throw new RequestError("FunctionExecutionError", "the option bypassDocumentValidation is available to system functions only")
  }
  return operation(collection, args, options, isSystem)
}
