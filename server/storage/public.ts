// The stores, for those who use this package as a library.
export { openEmbeddedStore as embedded, openMongoStore as mongodb, customDataReader, openState } from "./index.ts"
export type { EmbeddedOptions, EmbeddedStore, MongoOptions, MongoStore } from "./index.ts"
export type * from "../data/index.ts"
