export { openEmbeddedStore, type EmbeddedOptions, type EmbeddedStore } from "./store.ts"
