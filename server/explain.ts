// `explain` of an app directory: its rules asked about one user and one document or query, without serving the app.
import { systemClock, type Document, type Value } from "../kernel/index.ts"
import { createRuntime } from "../runtime/index.ts"
import { knownValues, ruledDataSources } from "./app-rules.ts"
import { checkApp, loadApp, type AppModel, type AppValue, type LoadedApp, type SecretLookup } from "./app/index.ts"
import { createDataService, type Caller, type ExplainQuestion, type ExplainingDataService, type FindOptions, type Namespace, type RuleFunctions } from "./data/index.ts"
import { ConfigError } from "./errors.ts"
import { createFunctions, type Functions } from "./functions/index.ts"
import { masked, secretMasker } from "./mask-secrets.ts"
import { openStore, type DataLocation } from "./open-store.ts"

export interface ExplainOptions {
  /** The exported app directory. */
  readonly directory: string
  /** Who asks: `{ id, type, data, custom_data, identities }`, each but `id` optional. */
  readonly user: Document
  /** The data source; needed only where the app has several. */
  readonly service?: string
  readonly namespace: Namespace
  readonly question: ExplainQuestion | { readonly operation: "find"; readonly filter: Document; readonly options?: FindOptions }
  readonly secrets?: Readonly<Record<string, string>>
  /** Where functions of rules read and a find's index is looked for; without it an empty store in memory. */
  readonly data?: DataLocation
  /** `%%request`. */
  readonly request?: Document
}

/** An explanation as plain values, secrets masked. `admitted`: granted, or a find that can see something; false too where no document was there to ask about. */
export interface Explained { readonly admitted: boolean; readonly kind: "access" | "find"; readonly explanation: Document | null }

/**
 * Explains what the rules of an app make of one user's operation. Nothing is written; functions in rules are called.
 *
 * SECURITY: for the author of the rules. The answer holds values of the user and the document, and never a secret.
 */
export async function explainDirectory(options: ExplainOptions): Promise<Explained> {
  const given = options.secrets ?? {}
  const loaded = await loadApp(options.directory, { strict: true, secrets: (name) => (Object.hasOwn(given, name) ? given[name] : undefined) })
  const model = acceptedApp(loaded)
  const service = serviceOf(model, options.service)
  const opened = await openStore(options.data ?? { memory: true })
  const runtime = createRuntime()
  try {
    let functions: Functions | undefined
    const ruleFunctions: RuleFunctions = { call: (name, args, caller) => (functions === undefined ? Promise.reject(new ConfigError("app-refused", "the functions are not there yet")) : functions.call(name, args, caller)) }
    const resolveValue = ({ fromSecret, value }: AppValue): Value => (fromSecret ? loaded.secrets(String(value)) : value)
    const known = knownValues(model, resolveValue)
    const data = createDataService({ dataSources: ruledDataSources(model), storeFor: () => opened.store, known: () => known, functions: ruleFunctions })
    functions = await createFunctions({ app: model, runtime, data, resolveValue, clock: systemClock, userLookup: () => Promise.resolve(null) })
    const explained = await ask(data, service, callerOf(options), options)
    const mask = secretMasker(secretTexts(model, loaded.secrets, given))
    return { ...explained, explanation: hideSecretValues(mask(explained.explanation), secretNames(model)) as Document | null }
  } finally {
    await runtime.close()
    await opened.store.close()
  }
}

async function ask(data: ExplainingDataService, service: string, caller: Caller, { namespace, question }: ExplainOptions): Promise<Explained> {
  if (question.operation === "find") {
    const receipt = await data.explainFind(service, namespace, caller, question.filter, question.options)
    return { kind: "find", admitted: receipt.sent !== "none", explanation: receipt as unknown as Document }
  }
  const explanation = await data.explain(service, namespace, caller, question)
  return { kind: "access", admitted: explanation?.decision.outcome === "granted", explanation: explanation as unknown as Document | null }
}

function callerOf({ user, request = {} }: ExplainOptions): Caller {
  return { system: false, request, user: { type: "normal", data: {}, custom_data: {}, identities: [], ...user } }
}

function acceptedApp(loaded: LoadedApp): AppModel {
  const { app } = loaded
  const isBroken = [...loaded.findings, ...checkApp(loaded)].some(({ severity }) => severity === "error")
  if (app === undefined || isBroken) throw new ConfigError("app-refused", "Cannot explain: the app has errors; `backstitch check` lists them")
  return app
}

function serviceOf(model: AppModel, wanted: string | undefined): string {
  const names = [...model.dataSources.keys()]
  const [only] = names
  if (wanted !== undefined && names.includes(wanted)) return wanted
  if (wanted === undefined && only !== undefined && names.length === 1) return only
  throw new ConfigError("option-invalid", `Cannot explain: ${wanted === undefined ? "name the data source" : `there is no data source \`${wanted}\``}; there are: ${names.join(", ")}`)
}

function secretNames(model: AppModel): ReadonlySet<string> {
  return new Set([...model.values.values()].filter(({ fromSecret }) => fromSecret).map(({ name }) => name))
}

/** Every secret text this process could have met: those the app's values name, those the operator gave, and those of the environment. */
function secretTexts(model: AppModel, lookup: SecretLookup, given: Readonly<Record<string, string>>): string[] {
  const named = [...model.values.values()].filter(({ fromSecret }) => fromSecret).map(({ value }) => lookup(String(value)))
  const environment = Object.keys(process.env).filter((name) => name.startsWith("BACKSTITCH_SECRET_")).map((name) => process.env[name])
  return [...named, ...Object.values(given), ...environment].filter((text) => text !== undefined)
}

/**
 * Sides of tests that are written `%%values.<a secret>` or are made of one show no value, whatever became of it. A result that is
 * undetermined becomes null, and what is undefined is left out.
 */
function hideSecretValues(value: Value, names: ReadonlySet<string>): Value {
  if (Array.isArray(value)) return value.map((item: Value) => hideSecretValues(item, names))
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const document = value as Document
  const { text } = document
  const isSecret = typeof text === "string" && Object.hasOwn(document, "value") && [...text.matchAll(/%%values\.([^\s.]+)/g)].some(([, name]) => names.has(name as string))
  return Object.fromEntries(Object.entries(document).flatMap(([key, inner]): [string, Value][] => {
    if (inner === undefined) return key === "applies" || key === "result" ? [[key, null]] : []
    return [[key, isSecret && key === "value" ? masked : hideSecretValues(inner, names)]]
  }))
}
