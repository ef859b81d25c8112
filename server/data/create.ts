// The data service: one guard in front of every store.
import { ObjectId } from "../../kernel/index.ts"
import type { KnownScope, RuleSettings } from "../../engine/index.ts"
import { RequestError } from "../errors.ts"
import { checkOperations } from "./bulk.ts"
import { callAction } from "./call.ts"
import type { RuledDataSource } from "./config.ts"
import { openLater } from "./cursor.ts"
import { explainDocument, type DocumentExplanation, type ExplainQuestion } from "./explain.ts"
import type { DataLog } from "./log.ts"
import { userCollection } from "./operations.ts"
import { explainRequest, type RequestQuestion, type RequestReceipt } from "./receipt.ts"
import { invalid } from "./refusals.ts"
import type { UserCollection } from "./request.ts"
import type { Caller, DataService, DataSession, GuardedCollection, RuleFunctions } from "./service.ts"
import { openSession, type OpenSession } from "./sessions.ts"
import { defaultDataSettings, type DataSettings } from "./settings.ts"
import type { Namespace, Store } from "./store.ts"
import { systemCollection } from "./system.ts"

export interface DataServiceOptions {
  /** The data sources, their rules compiled by `compileDataSource`. */
  readonly dataSources: readonly RuledDataSource[]
  /** The store behind a data source. */
  storeFor(dataSource: string): Store
  /** `%%values` and `%%environment` for a caller. */
  known(caller: Caller): Pick<KnownScope, "values" | "environment">
  readonly functions: RuleFunctions
  readonly settings?: Partial<Omit<DataSettings, "rules">> & { readonly rules?: Partial<RuleSettings> }
  /** Told of every request that ran under rules. */
  readonly log?: DataLog
  /** Makes the `_id` of documents that come without one. */
  readonly newId?: () => ObjectId
}

/** The data service, with what its operators may ask of it. */
export interface ExplainingDataService extends DataService {
  /**
   * Why a caller may or may not do something with the first document that matches, read as the system user; null when none does.
   * SECURITY: for the author of the rules only; the answer holds values the caller may not see.
   */
  explain(service: string, namespace: Namespace, caller: Caller, question: ExplainQuestion): Promise<DocumentExplanation | null>
  /** What a request of a caller asks of the store, and what is left to judge per document; nothing is read or written. SECURITY: as {@link ExplainingDataService.explain}. */
  explainRequest(service: string, namespace: Namespace, caller: Caller, question: RequestQuestion): Promise<RequestReceipt>
}

/** Creates the MongoDB service of an app. Rules, filters and schemas apply to every caller but the system user. */
export function createDataService(options: DataServiceOptions): ExplainingDataService {
  const sources = new Map(options.dataSources.map((source) => [source.name, source]))
  const settings: DataSettings = { ...defaultDataSettings, ...options.settings, rules: { ...defaultDataSettings.rules, ...options.settings?.rules } }
  const sessions = new WeakMap<DataSession, OpenSession>()
  const newId = options.newId ?? (() => new ObjectId())

  const sourceOf = (service: string): RuledDataSource => {
    const source = sources.get(service)
    if (source === undefined) throw new RequestError("ServiceNotFound", `service not found: '${service}'`)
    return source
  }
  const ofUser = (source: RuledDataSource, store: Store, namespace: Namespace, caller: Caller, inTransaction: boolean): UserCollection => ({
    store, namespace, caller, settings, newId, inTransaction,
    functions: options.functions,
    log: options.log,
    rules: source.rulesOf(namespace),
    schema: source.schemaOf(namespace),
    known: { ...options.known(caller), user: caller.user, get request() { return caller.request } },
  })
  const over = (source: RuledDataSource, store: Store, namespace: Namespace, caller: Caller, inTransaction: boolean): GuardedCollection =>
    caller.system ? systemCollection(store, namespace) : userCollection(ofUser(source, store, namespace, caller, inTransaction))
  const open: DataService["collection"] = (service, namespace, caller, session) => {
    const source = sourceOf(service)
    checkNamespace(namespace)
    if (session === undefined) return over(source, options.storeFor(service), namespace, caller, false)
    const joined = sessions.get(session)
    if (joined === undefined || joined.service !== service) throw invalid("the session is not one of this service")
    return inSession(joined, (store) => over(source, store, namespace, caller, true))
  }
  return {
    services: [...sources.keys()],
    collection: open,
    call: (service, action, argument, caller) => callAction((namespace) => open(service, namespace, caller), action, argument, settings),
    explain: async (service, namespace, caller, question) => explainDocument(ofUser(sourceOf(service), options.storeFor(service), namespace, caller, false), question),
    explainRequest: async (service, namespace, caller, question) => explainRequest(ofUser(sourceOf(service), options.storeFor(service), namespace, caller, false), question),
    async startSession(service, _caller) {
      sourceOf(service)
      const session = openSession(service, options.storeFor(service))
      sessions.set(session, session)
      return session
    },
    async listDatabases(service, caller) {
      sourceOf(service)
      refuseUser(caller, "listing databases")
      return options.storeFor(service).listDatabases()
    },
    async listCollections(service, database, caller) {
      sourceOf(service)
      refuseUser(caller, "listing collections")
      return options.storeFor(service).listCollections(database)
    },
  }
}

function refuseUser(caller: Caller, what: string): void {
  if (!caller.system) throw invalid(`${what} is for the system user only`)
}

function checkNamespace({ database, collection }: Namespace): void {
  if (typeof database !== "string" || database === "" || typeof collection !== "string" || collection === "") throw invalid("database and collection are names")
}

/** The same collection inside a transaction. A bulk that is refused halfway leaves the transaction fit only to be aborted. */
function inSession(session: OpenSession, over: (store: Store) => GuardedCollection): GuardedCollection {
  const joined = async (): Promise<GuardedCollection> => over(await session.store())
  return {
    find: (...args) => openLater(async () => (await joined()).find(...args)),
    aggregate: (...args) => openLater(async () => (await joined()).aggregate(...args)),
    findOne: async (...args) => (await joined()).findOne(...args),
    count: async (...args) => (await joined()).count(...args),
    distinct: async (...args) => (await joined()).distinct(...args),
    insertOne: async (...args) => (await joined()).insertOne(...args),
    insertMany: async (...args) => (await joined()).insertMany(...args),
    updateOne: async (...args) => (await joined()).updateOne(...args),
    updateMany: async (...args) => (await joined()).updateMany(...args),
    replaceOne: async (...args) => (await joined()).replaceOne(...args),
    deleteOne: async (...args) => (await joined()).deleteOne(...args),
    deleteMany: async (...args) => (await joined()).deleteMany(...args),
    findOneAndUpdate: async (...args) => (await joined()).findOneAndUpdate(...args),
    findOneAndReplace: async (...args) => (await joined()).findOneAndReplace(...args),
    findOneAndDelete: async (...args) => (await joined()).findOneAndDelete(...args),
    async bulkWrite(...args) {
      checkOperations(args[0])
      const collection = await joined()
      try {
        return await collection.bulkWrite(...args)
      } catch (error) {
        session.poison()
        throw error
      }
    },
    watch() {
      throw invalid("`watch` cannot join a transaction")
    },
  }
}
