// Reads an exported app directory of any of the four formats into the one model.
import { resolve } from "node:path"
import { readCustomUserData } from "./custom-user-data.ts"
import { readDataSources } from "./data-sources.ts"
import { readEndpoints } from "./endpoints.ts"
import { hasErrors, openReport, sortFindings } from "./findings.ts"
import { openReferences } from "./function-references.ts"
import { readFunctions } from "./functions.ts"
import type { AppFunction, AppModel, Finding } from "./model.ts"
import { readHttpServices } from "./http-services.ts"
import { readProviders } from "./providers.ts"
import { openReading, type Reading, type Unsupported } from "./reading.ts"
import { readEnvironment, readEnvironmentTag, readRoot, readValues } from "./root.ts"
import { openSecrets, readSecretsFile, type SecretLookup } from "./secrets.ts"
import { readTriggers } from "./triggers.ts"
import { findRoot, readTree, type AppTree } from "./tree.ts"
import { readUnsupported } from "./unsupported.ts"
import { readWebhooks } from "./webhooks.ts"

/** What comes of reading an app directory. */
export interface LoadedApp {
  /** The app, if nothing is wrong that must stop a start: undefined whenever a finding is an error. */
  readonly app: AppModel | undefined
  /** As much of the app as could be read, for checks and editors. SECURITY: never serve it, settings may be missing. */
  readonly draft: AppModel | undefined
  /** Every problem, in the order of files and lines. */
  readonly findings: readonly Finding[]
  readonly unsupported: readonly Unsupported[]
  /** The text of every file that was read, by path, as it stands on the disk: what an export gives back. */
  readonly files: ReadonlyMap<string, string>
  /** The text of a secret by name, from wherever this load found it. */
  readonly secrets: SecretLookup
}

export interface LoadOptions {
  /** The operator's secrets. Asked first; then `BACKSTITCH_SECRET_<NAME>` in `env`, then what the directory itself carries. */
  readonly secrets?: SecretLookup
  /** Environment variables; those of this process if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** An App ID that wins over the export's. */
  readonly clientAppId?: string
  /** As checks and starts load: a function that does not parse is an error. Otherwise it is a warning, for tools that need the rest. */
  readonly strict?: boolean
}

/** Loads the app at a directory, or up to seven directories above it. Never throws for what is in the files. */
export async function loadApp(directory: string, options: LoadOptions = {}): Promise<LoadedApp> {
  const root = await findRoot(directory)
  const findings: Finding[] = []
  if (root === undefined) {
    openReport(findings).error("app-not-found", { file: "", pointer: "" }, `failed to find app at ${resolve(directory)}`)
    return nothing(findings, options)
  }
  const tree = await readTree(root, openReport(findings))
  return readApp(tree, options, findings)
}

/** Reads an app from text already in memory. `earlier` findings are those of reading the disk. */
export function readApp(tree: AppTree, options: LoadOptions = {}, earlier: readonly Finding[] = []): LoadedApp {
  const findings: Finding[] = [...earlier]
  const secrets = openSecrets(options.secrets, options.env ?? process.env)
  const reading = openReading({ tree, findings, secrets, strict: options.strict ?? false })
  if (reading === undefined) {
    openReport(findings).error("app-not-found", { file: "", pointer: "" }, `failed to find app at ${tree.directory}`)
    return nothing(findings, options)
  }
  const draft = readModel(reading, options)
  for (const path of reading.unnoticed()) reading.report.info("unread-file", { file: path, pointer: "" }, "nothing reads this file")
  return {
    app: draft === undefined || hasErrors(findings) ? undefined : draft,
    draft, findings: sortFindings(findings), unsupported: reading.unsupported, files: tree.files, secrets: secrets.lookup,
  }
}

function nothing(findings: readonly Finding[], options: LoadOptions): LoadedApp {
  return { app: undefined, draft: undefined, findings, unsupported: [], files: new Map(), secrets: openSecrets(options.secrets, options.env ?? process.env).lookup }
}

function readModel(reading: Reading, options: LoadOptions): AppModel | undefined {
  // The environment comes first: everything after it, the rest of the root file too, may hold templates that name its values.
  const tag = readEnvironmentTag(reading)
  if (tag === undefined) {
    reading.report.error("broken-json", { file: reading.rootFile, pointer: "" }, `failed to parse app config at ${reading.rootFile}`)
    return undefined
  }
  const environment = readEnvironment(reading, tag)
  reading.useTemplates({ tag: environment.tag, environmentValues: environment.values, values: new Map() })
  readSecretsFile(reading)
  const values = readValues(reading)
  reading.useTemplates({ tag: environment.tag, environmentValues: environment.values, values })
  const root = readRoot(reading, options.clientAppId)
  if (root === undefined) return undefined
  const dataSources = readDataSources(reading)
  const webhooks = readWebhooks(reading)
  const functions = readFunctions(reading)
  const references = openReferences(functions)
  const model: AppModel = {
    version: root.version, clientAppId: root.clientAppId, name: root.name, appId: root.appId, projectId: root.projectId,
    deploymentModel: root.deploymentModel, providerRegion: root.providerRegion, allowedRequestOrigins: root.allowedRequestOrigins,
    environment, values, dataSources,
    customUserData: readCustomUserData(reading, root.fields, [...dataSources.values()], references),
    providers: readProviders(reading, references),
    triggers: readTriggers(reading, [...dataSources.values()], references),
    httpServices: readHttpServices(reading),
    endpoints: [...readEndpoints(reading, references), ...webhooks.map(({ endpoint }) => endpoint)],
    functions: new Map([...functions, ...webhooks.map((each): [string, AppFunction] => [each.function.name, each.function])]),
    directory: reading.tree.directory,
  }
  readUnsupported(reading)
  references.check()
  return model
}
