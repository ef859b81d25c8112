// A process that, once it gets a line, writes at random and says what was acknowledged, until it is killed.
import { once } from "node:events"
import { openEmbeddedStore } from "../../../../server/storage/embedded/index.ts"

const [file = "", seed = "0", round = "0"] = process.argv.slice(2)
await once(process.stdin, "data")
const store = openEmbeddedStore({ file })
const namespace = { database: "crash", collection: "documents" }
await store.ensureIndex(namespace, { keys: { group: 1 } })
await store.ensureIndex(namespace, { keys: { tags: 1, group: -1 } })

let state = (Number(round) + 1) * 2654435761 % 2 ** 32
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state % below
}

/** One line, written before anything else happens: what is in the pipe survives the end of this process. */
function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

async function writer(lane: number): Promise<never> {
  for (let step = 0; ; step++) {
    const _id = `${seed}-${lane}-${random(12)}`
    const value = `${round}-${lane}-${step}`
    const born = { $setOnInsert: { born: value } }
    // Each lane has its own documents, so the last acknowledged state of one is known; what was begun may be there or not.
    const kind = random(10)
    if (kind < 6) {
      const size = random(3000)
      say({ begin: _id, value })
      await store.update(namespace, { _id }, { $set: { value, group: random(5), tags: [random(4), random(4)], size, text: "x".repeat(size) }, ...born }, { many: false, upsert: true })
      say({ done: _id, value })
    } else if (kind < 8) {
      say({ begin: _id, value: null })
      await store.delete(namespace, { _id }, { many: false })
      say({ done: _id, value: null })
    } else {
      // Two documents in one transaction: both or neither.
      const other = `${_id}-twin`
      say({ begin: _id, value, twin: other })
      await store.transaction(async (inside) => {
        await inside.update(namespace, { _id }, { $set: { value, group: random(5) }, ...born }, { many: false, upsert: true })
        await inside.update(namespace, { _id: other }, { $set: { value, group: random(5) }, ...born }, { many: false, upsert: true })
      })
      say({ done: _id, value, twin: other })
    }
  }
}

await Promise.all([0, 1, 2, 3].map(writer))
