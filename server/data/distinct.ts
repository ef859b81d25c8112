import { equalValues, rank, rankOf, splitPath, walkPath, type Document, type Value } from "../../kernel/index.ts"

/** The distinct values at a path, as MongoDB's `distinct` collects them: the items of lists, in the order they were first met, as where the store collects them. */
export async function collectDistinct(documents: AsyncIterable<Document>, field: string): Promise<Value[]> {
  const path = splitPath(field)
  const values: Value[] = []
  const buckets = new Map<string | number, Value[]>()
  const note = (value: Value): void => {
    const key = bucketOf(value)
    const bucket = buckets.get(key) ?? []
    if (bucket.some((other) => equalValues(other, value))) return
    bucket.push(value)
    buckets.set(key, bucket)
    values.push(value)
  }
  for await (const document of documents) {
    walkPath(document, path, (value, present) => {
      if (!present) return false
      if (Array.isArray(value)) for (const item of value as readonly Value[]) note(item)
      else note(value)
      return false
    })
  }
  return values
}

/** Equal values share a bucket; few others do. */
function bucketOf(value: Value): string | number {
  if (typeof value === "string") return `s${value}`
  const bracket = rankOf(value)
  // Equal numbers of any kind round to the same double.
  if (bracket === rank.number) return `n${Number(String(value))}`
  if (bracket === rank.objectId) return `o${String(value)}`
  return value instanceof Date ? `d${value.getTime()}` : bracket
}
