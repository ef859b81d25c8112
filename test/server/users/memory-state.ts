// A small in-memory `StateCollection` and a store of app documents in order of insertion, for the tests of users and tokens.
import { cloneValue, compareValues, equalValues, isDocument, rankOf, splitPath, walkPath, type Document, type Value } from "../../../kernel/index.ts"
import type { StateCollection, UserCollections } from "../../../server/users/index.ts"
import type { TokenCollections } from "../../../server/tokens/index.ts"

/** A collection in memory with MongoDB's meaning of the few operators the port names. */
export function memoryCollection(): StateCollection & { readonly documents: Map<string, Document> } {
  const documents = new Map<string, Document>()
  const unique: string[][] = []
  const clash = (candidate: Document): boolean =>
    unique.some((fields) => [...documents.values()].some((other) => other["_id"] !== candidate["_id"] && fields.every((field) => equalValues(candidate[field] ?? null, other[field] ?? null))))

  return {
    documents,
    async findOne(filter) {
      for (const document of documents.values()) if (matches(document, filter)) return cloneValue(document)
      return null
    },
    async find(filter, { sort = {}, limit = 0 } = {}) {
      const found = [...documents.values()].filter((document) => matches(document, filter)).map((document) => cloneValue(document))
      found.sort((a, b) => {
        for (const [field, direction] of Object.entries(sort)) {
          const order = compareValues(a[field], b[field])
          if (order !== 0) return order * (direction as number)
        }
        return 0
      })
      return limit > 0 ? found.slice(0, limit) : found
    },
    async insertOne(document) {
      if (documents.has(document["_id"] as string) || clash(document)) return "duplicate"
      documents.set(document["_id"] as string, cloneValue(document))
      return "inserted"
    },
    async updateOne(filter, update) {
      for (const [id, document] of documents) {
        if (!matches(document, filter)) continue
        const next = cloneValue(document)
        apply(next, update)
        documents.set(id, next)
        return 1
      }
      return 0
    },
    async deleteMany(filter) {
      const doomed = [...documents].filter(([, document]) => matches(document, filter))
      for (const [id] of doomed) documents.delete(id)
      return doomed.length
    },
    async ensureIndex({ keys, unique: isUnique = false }) {
      const fields = Object.keys(keys)
      if (isUnique && !unique.some((known) => known.join() === fields.join())) unique.push(fields)
    },
  }
}

/** All collections that users and tokens need. */
export function memoryState(): UserCollections & TokenCollections & { readonly users: ReturnType<typeof memoryCollection>; readonly sessions: ReturnType<typeof memoryCollection>; readonly identities: ReturnType<typeof memoryCollection> } {
  return { users: memoryCollection(), identities: memoryCollection(), registrations: memoryCollection(), apiKeys: memoryCollection(), deletions: memoryCollection(), sessions: memoryCollection(), keys: memoryCollection() }
}

const tests: Record<string, (value: Value, present: boolean, operand: Value) => boolean> = {
  $lt: (value, present, operand) => present && rankOf(value) === rankOf(operand) && compareValues(value, operand) < 0,
  $lte: (value, present, operand) => present && rankOf(value) === rankOf(operand) && compareValues(value, operand) <= 0,
  $gt: (value, present, operand) => present && rankOf(value) === rankOf(operand) && compareValues(value, operand) > 0,
  $gte: (value, present, operand) => present && rankOf(value) === rankOf(operand) && compareValues(value, operand) >= 0,
  $in: (value, _present, operand) => (operand as Value[]).some((each) => same(value, each)),
  $exists: (_value, present, operand) => present === operand,
}

function same(value: Value, operand: Value): boolean {
  return equalValues(value ?? null, operand) || (Array.isArray(value) && value.some((item: Value) => equalValues(item, operand)))
}

function matches(document: Document, filter: Document): boolean {
  return Object.entries(filter).every(([path, condition]) => {
    const steps = splitPath(path)
    const operators = isDocument(condition) && Object.keys(condition)[0]?.startsWith("$") === true ? Object.entries(condition) : undefined
    if (operators === undefined) return walkPath(document, steps, (value) => same(value, condition))
    return operators.every(([name, operand]) => {
      if (name === "$ne") return !walkPath(document, steps, (value) => same(value, operand))
      const test = tests[name]
      if (test === undefined) throw new TypeError(`Cannot match: no operator ${name}`)
      return walkPath(document, steps, (value, present) => test(value, present, operand))
    })
  })
}

function apply(document: Document, update: Document): void {
  for (const [operator, fields] of Object.entries(update)) {
    for (const [field, value] of Object.entries(fields as Document)) {
      switch (operator) {
        case "$set": document[field] = cloneValue(value); break
        case "$unset": delete document[field]; break
        case "$inc": document[field] = ((document[field] as number | undefined) ?? 0) + (value as number); break
        case "$push": document[field] = [...((document[field] as Value[] | undefined) ?? []), cloneValue(value)]; break
        default: throw new TypeError(`Cannot update: no operator ${operator}`)
      }
    }
  }
}
