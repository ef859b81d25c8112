import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openEmbeddedStore } from "../../server/storage/index.ts"
import { storeContract, type Gap } from "./store-contract.ts"

/** Update pipelines need the aggregation engine. */
const gaps: ReadonlySet<Gap> = new Set(["pipeline-updates"])

storeContract("the embedded store in memory", async () => {
  const store = openEmbeddedStore({ file: ":memory:" })
  return { store, close: () => store.close() }
}, gaps)

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
}, gaps)
