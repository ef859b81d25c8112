// The adapters of the storage ports.
export { openEmbeddedStore, type EmbeddedOptions, type EmbeddedStore } from "./embedded/index.ts"
export { openMongoStore, type MongoOptions, type MongoStore } from "./mongodb/index.ts"
export { isReserved, reservedPrefix } from "./namespaces.ts"
export { customDataReader, openState, stateCollection, type StateHolder } from "./state.ts"
