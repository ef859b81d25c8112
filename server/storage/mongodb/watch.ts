import { setTimeout as sleep } from "node:timers/promises"
import type { Collection } from "mongodb"
import { isDocument, normalise, type Document, type Value } from "../../../kernel/index.ts"
import { StoreError, type ChangeEvent, type Namespace, type StreamOptions } from "../../data/index.ts"
import { collectionOf, databaseOf, exactOptions, type MongoConnection } from "./connection.ts"
import { asStoreError } from "./errors.ts"

const reported = new Set(["insert", "update", "replace", "delete"])
const invalidated = 346
/** Milliseconds; an empty answer of MongoDB takes a second. */
const quick = 20

/** The changes of a collection, as MongoDB's change streams report them. */
export function watchCollection(connection: MongoConnection, namespace: Namespace, options: StreamOptions): AsyncIterable<ChangeEvent> {
  if (!connection.abilities.changeStreams) throw new StoreError("unsupported", "Cannot watch: this MongoDB has no change streams; they need a replica set")
  const stream = sourceOf(connection, namespace, options.scope).watch(options.scope === "deployment" ? [{ $match: { "ns.db": { $not: /^__(backstitch|realm_sync)/ } } }] : [], {
    ...exactOptions, fullDocument: "updateLookup",
    ...(connection.hasPreImages ? { fullDocumentBeforeChange: "whenAvailable" } : {}),
    ...(options.resumeAfter === undefined ? {} : { resumeAfter: options.resumeAfter }),
  })
  // The stream begins when it is first asked; asking now makes "from now on" mean this moment.
  const stands = Promise.withResolvers<void>()
  // MongoDB's first answer, which says where the stream stands, comes a second before it is sure that nothing happened meanwhile.
  stream.once("resumeTokenChanged", () => stands.resolve())
  void stands.promise.then(() => options.onOpen?.())
  const opened = stream.tryNext().then((first) => ({ first }), (error: unknown) => ({ error }))
  const tellPosition = (): void => {
    const token = normalise((stream.resumeToken as object | null | undefined) ?? null)
    options.onPosition?.(isDocument(token) ? token : undefined)
  }
  return {
    async *[Symbol.asyncIterator]() {
      const stop = (): void => void stream.close().catch(() => undefined)
      options.signal?.addEventListener("abort", stop)
      try {
        const start = await opened
        if ("error" in start) throw start.error
        stands.resolve()
        if (start.first !== null) yield* eventOf(start.first, namespace)
        else tellPosition()
        while (options.signal?.aborted !== true) {
          // Null after an empty answer, for which the server waits a second: only then is the stream's token past everything.
          const asked = performance.now()
          const found = await stream.tryNext()
          if (found !== null) {
            yield* eventOf(found, namespace)
            continue
          }
          tellPosition()
          // Servers that answer at once would otherwise be asked without a rest.
          if (performance.now() - asked < quick) await sleep(quick, undefined, { ref: false, ...(options.signal === undefined ? {} : { signal: options.signal }) }).catch(() => undefined)
        }
      } catch (error) {
        if (options.signal?.aborted !== true) throw asStoreError(error, namespace)
      } finally {
        options.signal?.removeEventListener("abort", stop)
        await stream.close().catch(() => undefined)
      }
    },
  }
}

/** SOURCE: a watch of the whole deployment leaves out `admin`, `local` and `config` by itself. */
function sourceOf({ client }: MongoConnection, namespace: Namespace, scope: StreamOptions["scope"]): Pick<Collection<Document>, "watch"> {
  if (scope === "deployment") return client
  return scope === "database" ? databaseOf(client, namespace.database) : collectionOf(client, namespace)
}

function* eventOf(raw: object, { database, collection }: Namespace): Generator<ChangeEvent> {
  const event = normalise(raw) as Document
  const type = event["operationType"]
  if (type === "invalidate") throw new StoreError("bad-request", "Cannot go on watching: the collection was dropped or renamed", { serverCode: invalidated })
  if (typeof type !== "string" || !reported.has(type)) return
  const ns = event["ns"]
  const part = (name: string): Document => (isPresent(event[name]) ? { [name]: event[name] as Value } : {})
  yield {
    _id: event["_id"] as Document,
    operationType: type as ChangeEvent["operationType"],
    // Some stand-ins name none.
    ns: isDocument(ns) ? { db: String(ns["db"]), coll: String(ns["coll"]) } : { db: database, coll: collection },
    documentKey: event["documentKey"] as Document,
    ...part("fullDocument"), ...part("fullDocumentBeforeChange"), ...part("updateDescription"), ...part("clusterTime"),
  }
}

function isPresent(value: Value): boolean {
  return value !== undefined && value !== null
}
