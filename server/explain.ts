// `explain` of an app directory: its rules asked about one user and one document or query, without serving the app.
import { systemClock, type Document, type Value } from "../kernel/index.ts"
import { createRuntime } from "../runtime/index.ts"
import { knownValues, ruledDataSources } from "./app-rules.ts"
import { checkApp, loadApp, type AppModel, type AppValue, type LoadedApp } from "./app/index.ts"
import { createDataService, type Caller, type Namespace, type RuleFunctions } from "./data/index.ts"
import { ConfigError } from "./errors.ts"
import { answerQuestion, secretHider, type Explained } from "./explain-answer.ts"
import { QuestionFault, readUser, type Question } from "./explain-question.ts"
import { createFunctions, type Functions } from "./functions/index.ts"
import { openStores, type DataLocation } from "./open-store.ts"
import type { ServerSettings } from "./settings.ts"

export type { Explained } from "./explain-answer.ts"
export type { Question } from "./explain-question.ts"

export interface ExplainOptions {
  /** The exported app directory. */
  readonly directory: string
  /** Who asks: `{ id, type, data, custom_data, identities }`, each but `id` optional. */
  readonly user: Document
  /** The data source; needed only where the app has several. */
  readonly service?: string
  readonly namespace: Namespace
  readonly question: Question
  readonly secrets?: Readonly<Record<string, string>>
  /** Where functions of rules read, documents are looked for and the index of a request; without it an empty store in memory. */
  readonly data?: DataLocation
  /** `%%request`. */
  readonly request?: Document
  /** The settings the app is served with, where they bear on data. */
  readonly settings?: ServerSettings
}

/**
 * Explains what the rules of an app make of one user's operation. Nothing is written; functions in rules are called.
 *
 * SECURITY: for the author of the rules. The answer holds values of the user and the document, and never a secret.
 */
export async function explainDirectory(options: ExplainOptions): Promise<Explained> {
  const given = options.secrets ?? {}
  const caller = callerOf(options)
  const loaded = await loadApp(options.directory, { strict: true, secrets: (name) => (Object.hasOwn(given, name) ? given[name] : undefined) })
  const model = acceptedApp(loaded)
  const service = serviceOf(model, options.service)
  const opened = await openStores(options.data ?? { memory: true }, model, options.settings)
  const runtime = createRuntime()
  try {
    let functions: Functions | undefined
    const ruleFunctions: RuleFunctions = { call: (name, args, asWhom) => (functions === undefined ? Promise.reject(new ConfigError("app-refused", "the functions are not there yet")) : functions.call(name, args, asWhom)) }
    const resolveValue = ({ fromSecret, value }: AppValue): Value => (fromSecret ? loaded.secrets(String(value)) : value)
    const known = knownValues(model, resolveValue)
    const { nullTypes = false, ...settings } = options.settings?.data ?? {}
    const data = createDataService({ dataSources: ruledDataSources(model, { nullTypes }), storeFor: (dataSource) => opened.storeFor(dataSource).store, known: () => known, functions: ruleFunctions, settings })
    functions = await createFunctions({ app: model, runtime, data, resolveValue, clock: systemClock, userLookup: () => Promise.resolve(null) })
    return await answerQuestion(data, { service, namespace: options.namespace, caller, question: options.question }, secretHider(model, loaded.secrets, given))
  } finally {
    await runtime.close()
    await opened.close()
  }
}

function callerOf({ user, request = {} }: ExplainOptions): Caller {
  try {
    return { system: false, request, user: readUser(user, "") }
  } catch (error) {
    if (error instanceof QuestionFault) throw new ConfigError("option-invalid", `Cannot explain: the user: ${error.pointer}: ${error.message}`)
    throw error
  }
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
