import { StoreError, type IndexSpecification } from "../../data/index.ts"
import type { CollectionInfo } from "./catalog.ts"
import { sameKeys } from "./plan.ts"

/** Checks the keys of an index and gives its name. Throws `StoreError`. */
export function requireIndexKeys({ keys, name }: IndexSpecification): string {
  const fields = Object.keys(keys)
  if (fields.length === 0) throw new StoreError("bad-request", "Cannot make an index: it has no keys", { serverCode: 67 })
  for (const field of fields) {
    if (field === "" || field.split(".").some((segment) => segment === "" || segment.startsWith("$"))) {
      throw new StoreError("bad-request", "Cannot make an index: a key is no path", { serverCode: 67 })
    }
    const direction = keys[field]
    if (typeof direction === "string") throw new StoreError("unsupported", "Cannot make an index: this store has ordered indexes only")
    if (Math.abs(Number(direction)) !== 1) throw new StoreError("bad-request", "Cannot make an index: a direction is neither 1 nor -1", { serverCode: 67 })
  }
  return name ?? fields.map((field) => `${field}_${Number(keys[field])}`).join("_")
}

/** Whether a collection has this index. Throws `StoreError` when it has another of the same name or the same keys. */
export function sameIndex(collection: CollectionInfo | undefined, { keys, unique }: IndexSpecification, name: string): boolean {
  if (sameKeys(keys, { _id: 1 })) return true
  const known = collection?.indexes.find((index) => index.name === name || sameKeys(index.keys, keys))
  if (known === undefined) return false
  if (!sameKeys(known.keys, keys)) throw new StoreError("bad-request", `Cannot make the index \`${name}\`: another has its name`, { serverCode: 86 })
  if (known.unique !== (unique === true)) throw new StoreError("bad-request", `Cannot make the index \`${name}\`: one with the same keys is ${known.unique ? "" : "not "}unique`, { serverCode: 85 })
  return true
}
