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
} satisfies { [Name in OperationName]: OperationUnderRules<Name> }

/** A collection as a user may see it. There is no other way to a collection for a user. */
export function userCollection(collection: UserCollection): GuardedCollection {
  // Written out: this is made for every request, and a loop over the table is twenty times slower.
  return {
    find: (...args) => operations.find(collection, ...args),
    findOne: (...args) => operations.findOne(collection, ...args),
    count: (...args) => operations.count(collection, ...args),
    distinct: (...args) => operations.distinct(collection, ...args),
    aggregate: (...args) => operations.aggregate(collection, ...args),
    insertOne: (...args) => operations.insertOne(collection, ...args),
    insertMany: (...args) => operations.insertMany(collection, ...args),
    updateOne: (...args) => operations.updateOne(collection, ...args),
    updateMany: (...args) => operations.updateMany(collection, ...args),
    replaceOne: (...args) => operations.replaceOne(collection, ...args),
    deleteOne: (...args) => operations.deleteOne(collection, ...args),
    deleteMany: (...args) => operations.deleteMany(collection, ...args),
    findOneAndUpdate: (...args) => operations.findOneAndUpdate(collection, ...args),
    findOneAndReplace: (...args) => operations.findOneAndReplace(collection, ...args),
    findOneAndDelete: (...args) => operations.findOneAndDelete(collection, ...args),
    bulkWrite: (...args) => operations.bulkWrite(collection, ...args),
    watch: (...args) => operations.watch(collection, ...args),
  }
}
