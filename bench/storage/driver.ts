// The store on a MongoDB against the driver with the same calls written by hand.
import { MongoClient, type Collection } from "mongodb"
import { ObjectId, type Document } from "../../kernel/index.ts"
import { openMongoStore } from "../../server/storage/index.ts"
import { startMongoServer } from "../../test/servers/mongo-server.ts"
import { compare, groups, makeTask } from "./compare.ts"

/** Prints each operation beside the raw driver's, or why it cannot. */
export async function measureDriver(count: number): Promise<void> {
  const server = await startMongoServer()
  if ("skipped" in server) return console.log(`the MongoDB store: left out, ${server.skipped}`)
  const store = await openMongoStore({ uri: server.uri })
  const client = await new MongoClient(server.uri).connect()
  const database = `bench${new ObjectId().toHexString()}`
  const namespace = { database, collection: "tasks" }
  const raw: Collection<Document> = client.db(database).collection<Document>("tasks")
  try {
    await store.ensureIndex(namespace, { keys: { group: 1, rank: 1 } })
    for (let from = 0; from < count; from += 1000) await store.insert(namespace, Array.from({ length: 1000 }, (_, at) => makeTask(from + at)))
    console.log(`${count.toLocaleString("en")} documents, the MongoDB store against the driver${server.standIn ? " (on the stand-in server)" : ""}`)
    const idOf = (at: number): string => makeTask((at * 104_729) % count)["_id"] as string
    await compare("by `_id`", 100, (at) => store.find(namespace, { _id: idOf(at) }, { limit: 1 }).toArray(), (at) => raw.find({ _id: idOf(at) } as Document, { limit: 1 }).toArray())
    const team = (at: number): Document => ({ group: `team-${at % groups}` })
    await compare("page of 20, in order", 50, (at) => store.find(namespace, team(at), { sort: { rank: 1 }, limit: 20 }).toArray(), (at) => raw.find(team(at), { sort: { rank: 1 }, limit: 20 }).toArray())
    await compare("count", 50, (at) => store.count(namespace, team(at)), (at) => raw.countDocuments(team(at)))
    let inserted = count
    await compare("insert", 50, () => store.insert(namespace, [makeTask(inserted++)]), () => raw.insertOne(makeTask(inserted++)))
    await compare("update by `_id`", 50, (at) => store.update(namespace, { _id: idOf(at) }, { $set: { done: at } }, { many: false }), (at) => raw.updateOne({ _id: idOf(at) } as Document, { $set: { done: at } }))
  } finally {
    await client.db(database).dropDatabase()
    await client.close()
    await store.close()
    await server.stop()
  }
}
