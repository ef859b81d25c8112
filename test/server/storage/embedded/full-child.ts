// A process whose files may not grow beyond a limit: writes until it is refused, goes on trying, and says what was acknowledged.
import { openEmbeddedStore } from "../../../../server/storage/embedded/index.ts"

const [file = ""] = process.argv.slice(2)
const store = openEmbeddedStore({ file })
const namespace = { database: "full", collection: "documents" }
await store.ensureIndex(namespace, { keys: { group: 1 } })

const acknowledged: number[] = []
const refused: string[] = []
for (let from = 0; refused.length < 40; from += 4) {
  await Promise.all([0, 1, 2, 3].map(async (each) => {
    const _id = from + each
    try {
      await store.insert(namespace, [{ _id, group: _id % 3, text: "x".repeat(3000) }])
      acknowledged.push(_id)
    } catch (error) {
      refused.push((error as { code?: string }).code ?? "unknown")
    }
  }))
}
const readable = await store.count(namespace, { group: { $gte: 0 } })
process.stdout.write(JSON.stringify({ acknowledged, refused: [...new Set(refused)], readable }))
// As a machine that is switched off: nothing is put in order.
process.kill(process.pid, "SIGKILL")
