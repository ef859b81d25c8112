// The update, delete and findOneAnd… operations of a user, in the shapes of functions.
import { decideRead, identical } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import { checkProjection, projectAll } from "./read.ts"
import { runWrite, type RuleRequest, type UserCollection } from "./request.ts"
import type { UpdateOutcome } from "./service.ts"
import type { FindAndChangeOptions } from "./store.ts"
import { applyChange, applyDelete, changeOf, replacementOf, type UserChange, type Written } from "./update.ts"

interface UpdateOptions { readonly upsert?: boolean; readonly arrayFilters?: readonly Document[]; readonly countChanged?: boolean }

export async function updateOne(collection: UserCollection, filter: Document, update: Document, options: UpdateOptions = {}): Promise<UpdateOutcome> {
  return outcomeOf(await runWrite(collection, "updateOne", (request) => applyChange(request, { filter, change: changeOf(update, options.arrayFilters), many: false, upsert: options.upsert === true })), options.countChanged)
}

export async function updateMany(collection: UserCollection, filter: Document, update: Document, options: UpdateOptions = {}): Promise<UpdateOutcome> {
  return outcomeOf(await runWrite(collection, "updateMany", (request) => applyChange(request, { filter, change: changeOf(update, options.arrayFilters), many: true, upsert: options.upsert === true })), options.countChanged)
}

export async function replaceOne(collection: UserCollection, filter: Document, replacement: Document, options: { readonly upsert?: boolean; readonly countChanged?: boolean } = {}): Promise<UpdateOutcome> {
  return outcomeOf(await runWrite(collection, "replaceOne", (request) => applyChange(request, { filter, change: replacementOf(replacement), many: false, upsert: options.upsert === true })), options.countChanged)
}

export async function deleteOne(collection: UserCollection, filter: Document): Promise<{ readonly deletedCount: number }> {
  const { targets } = await runWrite(collection, "deleteOne", (request) => applyDelete(request, { filter, many: false }))
  return { deletedCount: targets.length }
}

export async function deleteMany(collection: UserCollection, filter: Document): Promise<{ readonly deletedCount: number }> {
  const { targets } = await runWrite(collection, "deleteMany", (request) => applyDelete(request, { filter, many: true }))
  return { deletedCount: targets.length }
}

export function findOneAndUpdate(collection: UserCollection, filter: Document, update: Document, options: FindAndChangeOptions = {}): Promise<Document | null> {
  return findAndChange(collection, "findOneAndUpdate", filter, () => changeOf(update, options.arrayFilters), options)
}

export function findOneAndReplace(collection: UserCollection, filter: Document, replacement: Document, options: FindAndChangeOptions = {}): Promise<Document | null> {
  return findAndChange(collection, "findOneAndReplace", filter, () => replacementOf(replacement), options)
}

export async function findOneAndDelete(collection: UserCollection, filter: Document, options: { readonly sort?: Document; readonly projection?: Document } = {}): Promise<Document | null> {
  return runWrite(collection, "findOneAndDelete", async (request) => {
    checkProjection(request, options.projection)
    let image: Document | null = null
    await applyDelete(request, { filter, many: false, sort: options.sort, async beforeWriting({ targets: [target] }) {
      image = await shownImage(request, target?.before, options.projection, filter)
    } })
    return image
  })
}

function findAndChange(collection: UserCollection, operation: string, filter: Document, change: () => UserChange, options: FindAndChangeOptions): Promise<Document | null> {
  return runWrite(collection, operation, async (request) => {
    checkProjection(request, options.projection)
    let image: Document | null = null
    await applyChange(request, { filter, change: change(), many: false, upsert: options.upsert === true, sort: options.sort, async beforeWriting({ targets: [target], insert }) {
      image = await shownImage(request, options.returnNewDocument === true ? (target?.after ?? insert) : target?.before, options.projection, filter)
    } })
    return image
  })
}

/** An image goes through the rules like a document that is read, by the role of that image. It is made before the write: a projection that fails must leave the document as it was. */
async function shownImage(request: RuleRequest, image: Document | undefined, projection: Document | undefined, filter: Document): Promise<Document | null> {
  if (image === undefined) return null
  const read = await request.decide((rules) => decideRead(rules, image))
  if (read.outcome === "hidden") return null
  const { projections } = await request.filters()
  return projectAll(request.store, read.document, projection === undefined ? projections : [...projections, projection], filter)
}

/** SOURCE: tests of the Stitch SDKs: `modifiedCount` counts documents that were written, also those in which nothing changed. */
export function outcomeOf({ targets, upserted }: Written, countChanged = false): UpdateOutcome {
  const modifiedCount = countChanged ? targets.filter(({ before, after }) => !identical(before, after)).length : targets.length
  return { matchedCount: targets.length, modifiedCount, ...(upserted === undefined ? {} : { upsertedId: upserted["_id"] }) }
}
