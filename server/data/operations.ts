// Every operation on a collection and its way through the rules. A new operation without a line here does not compile.
import { bulkWrite } from "./bulk.ts"
import { deleteMany, deleteOne, findOneAndDelete, findOneAndReplace, findOneAndUpdate, replaceOne, updateMany, updateOne } from "./change.ts"
import { insertMany, insertOne } from "./insert.ts"
import { aggregate, count, distinct, find, findOne } from "./read.ts"
import type { UserCollection } from "./request.ts"
import type { GuardedCollection } from "./service.ts"
import { watch } from "./watch.ts"

export type OperationName = keyof GuardedCollection
/** An operation under the rules of one user's view of a collection. */
type OperationUnderRules<Name extends OperationName> = (collection: UserCollection, ...args: Parameters<GuardedCollection[Name]>) => ReturnType<GuardedCollection[Name]>

const operations = {
  find, findOne, count, distinct, aggregate, insertOne, insertMany, updateOne, updateMany, replaceOne, deleteOne, deleteMany,
  findOneAndUpdate, findOneAndReplace, findOneAndDelete, bulkWrite, watch,
} satisfies { [Name in OperationName]: OperationUnderRules<Name> } satisfies Record<OperationName, unknown>

/** A collection as a user may see it. There is no other way to a collection for a user. */
export function userCollection(collection: UserCollection): GuardedCollection {
  const bound = Object.entries(operations).map(([name, operation]) => [name, (operation as (collection: UserCollection, ...args: unknown[]) => unknown).bind(undefined, collection)])
  return Object.fromEntries(bound) as unknown as GuardedCollection
}
