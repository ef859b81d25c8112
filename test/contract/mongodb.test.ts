import { afterAll, test } from "vitest"
import { openMongoStore } from "../../server/storage/index.ts"
import { startMongoServer } from "../servers/mongo-server.ts"
import { reworded, startWireProxy } from "../servers/wire-proxy.ts"
import { storeContract, type Gap } from "./store-contract.ts"

const server = await startMongoServer()
/** Known gaps of the stand-in server, each measured; MongoDB itself has none of them. */
const standInGaps: readonly Gap[] = ["natural-order-after-delete", "pipeline-updates", "change-event-details", "equality-of-lists", "malformed-without-documents"]

if ("skipped" in server) {
  test.skip(`the MongoDB store as a Store: ${server.skipped}`, () => undefined)
} else {
  afterAll(() => server.stop())
  storeContract(server.standIn ? "the MongoDB store on a stand-in server" : "the MongoDB store", async () => {
    const store = await openMongoStore({ uri: server.uri })
    return { store, close: () => store.close() }
  }, new Set(server.standIn ? standInGaps : []))

  // Services that are compatible with MongoDB word errors differently, and say less of them.
  if (server.standIn) storeContract("the MongoDB store on a service with its own words", async () => {
    const proxy = await startWireProxy(server.uri, { answer: reworded })
    const store = await openMongoStore({ uri: proxy.uri })
    return { store, close: async () => {
      await store.close()
      await proxy.close()
    } }
  }, new Set(standInGaps))
}
