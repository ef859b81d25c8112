// What is swapped as one when an app is deployed anew: its model, rules, functions and triggers. Users and sessions stay.
import type { Clock, Document, Value } from "../kernel/index.ts"
import type { Runtime } from "../runtime/index.ts"
import type { AppModel, AppValue, SecretLookup } from "./app/index.ts"
import type { AppLog } from "./app-log.ts"
import { knownValues, ruledDataSources } from "./app-rules.ts"
import { createDataService, type ExplainingDataService, type RuleFunctions, type Store } from "./data/index.ts"
import { RequestError } from "./errors.ts"
import { createFunctions, type Functions } from "./functions/index.ts"
import { createOccupancy, type Occupancy } from "./occupancy.ts"
import type { OpenedStores } from "./open-store.ts"
import type { ServerSettings } from "./settings.ts"
import { createTriggers, type Triggers } from "./triggers/index.ts"
import type { StateCollection } from "./users/index.ts"

export interface DeploymentOptions {
  readonly model: AppModel
  readonly secrets: SecretLookup
  /** Tells deployments of one process apart. */
  readonly number: number
  readonly opened: OpenedStores
  readonly state: (name: string) => StateCollection
  readonly runtime: Runtime
  readonly log: AppLog
  readonly clock: Clock
  readonly settings: ServerSettings
  readonly contextUser: (userId: string, options: { readonly customData: boolean }) => Promise<Document | null>
}

export interface Deployment {
  readonly model: AppModel
  readonly secrets: SecretLookup
  readonly data: ExplainingDataService
  readonly functions: Functions
  /** Made, and queueing events, but not begun. */
  readonly triggers: Triggers
  /** Requests and calls that use it. */
  readonly occupancy: Occupancy
  /** Aborted when it is no longer the current one: open streams end. */
  readonly ending: AbortController
}

/** Compiles the rules of an app and deploys its functions. Rejects with `ConfigError` and leaves nothing when it cannot. */
export async function createDeployment({ model, secrets, number, opened, state, runtime, log, clock, settings, contextUser }: DeploymentOptions): Promise<Deployment> {
  const storeFor = (dataSource: string): Store => opened.storeFor(dataSource).store
  const resolveValue = ({ fromSecret, value }: AppValue): Value => (fromSecret ? secrets(String(value)) : value)
  const occupancy = createOccupancy()
  // Rules call functions, and functions touch data under rules.
  let functions: Functions | undefined
  const ruleFunctions: RuleFunctions = { call: (name, args, caller) => started(functions).call(name, args, caller) }
  const known = knownValues(model, resolveValue)
  const { nullTypes = false, ...dataSettings } = settings.data ?? {}
  const data = createDataService({ dataSources: ruledDataSources(model, { nullTypes }), storeFor, known: () => known, functions: ruleFunctions, log: log.data, settings: dataSettings })
  functions = counted(await createFunctions({
    app: model, deployment: String(number), runtime, data, resolveValue, clock, log: log.functions, deployedAt: clock(), ...(settings.functions === undefined ? {} : { settings: settings.functions }),
    userLookup: (userId, options = { customData: true }) => contextUser(userId, options),
  }), occupancy)
  for (const { name, problem } of functions.problems) log.runtime("package-unusable", { name, problem })
  try {
    await indexCustomData(model, opened, log)
  } catch (error) {
    await functions.close()
    throw error
  }
  const triggers = createTriggers({ app: model, state, storeFor, exclusive: opened.embedded, log: log.triggers, clock, functions })
  return { model, secrets, data, functions, triggers, occupancy, ending: new AbortController() }
}

/** Something that is asked for before it is there. */
export function started<Service>(service: Service | undefined): Service {
  if (service === undefined) throw new RequestError("InternalServerError", "the app is still starting", { status: 503 })
  return service
}

/** Functions whose calls keep their deployment in use. */
function counted(functions: Functions, { around }: Occupancy): Functions {
  return {
    ...functions,
    run: (...given) => around(() => functions.run(...given)),
    runWithValues: (...given) => around(() => functions.runWithValues(...given)),
    runEndpoint: (...given) => around(() => functions.runEndpoint(...given)),
    call: (...given) => around(() => functions.call(...given)),
  }
}

/** The embedded store is ours to index; an app's own database is never changed unasked, but what it lacks is said. */
async function indexCustomData({ customUserData }: AppModel, opened: OpenedStores, log: AppLog): Promise<void> {
  if (customUserData?.enabled !== true) return
  const { dataSource, database, collection, userIdField } = customUserData
  const { store, embedded } = opened.storeFor(dataSource)
  if (embedded) return store.ensureIndex({ database, collection }, { keys: { [userIdField]: 1 } })
  const indexes = await store.indexes({ database, collection })
  const serves = indexes.some(({ keys, partial }) => !partial && Object.keys(keys)[0] === userIdField)
  if (!serves) log.users.warn("custom-data-index-missing", { collection: `${database}.${collection}`, field: userIdField })
}
