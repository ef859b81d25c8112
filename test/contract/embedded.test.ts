import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openEmbeddedStore } from "../../server/storage/index.ts"
import { storeContract } from "./store-contract.ts"

storeContract("the embedded store in memory", async () => {
  const store = openEmbeddedStore({ file: ":memory:" })
  return { store, close: () => store.close() }
})

storeContract("the embedded store in a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "backstitch-contract-"))
  const store = openEmbeddedStore({ file: join(folder, "store.sqlite") })
  return {
    store,
    async close() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})
