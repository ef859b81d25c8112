// From a change to the event a function gets: which are wanted, which parts, in which form (admin and triggers, 11.3 and 11.4).
import { bsonTypeOf, isDocument, type Document, type Timestamp, type Value } from "../../kernel/index.ts"
import { keepsFields, type Trigger } from "../app/index.ts"
import type { ChangeEvent, Store } from "../data/index.ts"

/** The configuration of a database trigger, read once. */
export interface StreamConfig {
  readonly service: string
  readonly database: string
  readonly collection: string
  /** As change events name them: `insert`, `update`, … */
  readonly operations: ReadonlySet<string>
  readonly fullDocument: boolean
  readonly fullDocumentBeforeChange: boolean
  readonly match: Document
  readonly project: Document
  readonly unordered: boolean
  readonly maximumThroughput: boolean
  readonly skipCatchupEvents: boolean
  readonly tolerateResumeErrors: boolean
}

const reported: Readonly<Record<string, string>> = { INSERT: "insert", UPDATE: "update", REPLACE: "replace", DELETE: "delete" }

/** Reads the configuration that server/app has checked. */
export function readStreamConfig({ config }: Trigger): StreamConfig {
  const flag = (name: string): boolean => config[name] === true
  return {
    service: String(config["service_name"]), database: String(config["database"]), collection: String(config["collection"]),
    operations: new Set(operationNames(config).flatMap((name) => reported[name] ?? [])),
    fullDocument: flag("full_document"), fullDocumentBeforeChange: flag("full_document_before_change"),
    match: documentOf(config["match"]), project: completeProjection(documentOf(config["project"])),
    unordered: flag("unordered"), maximumThroughput: flag("maximum_throughput"), skipCatchupEvents: flag("skip_catchup_events"), tolerateResumeErrors: flag("tolerate_resume_errors"),
  }
}

/** Operation types of a trigger that no stream here reports: those that are not changes of documents. */
export function unreportedOperations({ config }: Trigger): string[] {
  return operationNames(config).filter((name) => !Object.hasOwn(reported, name))
}

/**
 * The event as the function gets it, or undefined when the trigger does not want it. SOURCE: the operation type first, then `match`
 * on the whole event, then `project`; projected here and not by the stream, so that the place in it is never lost.
 */
export async function eventFor(store: Store, config: StreamConfig, change: ChangeEvent): Promise<Document | undefined> {
  if (!config.operations.has(change.operationType)) return undefined
  const { fullDocument, fullDocumentBeforeChange, ...rest } = change
  const event: Document = {
    ...(rest as unknown as Document),
    ...(fullDocument === undefined || (change.operationType === "update" && !config.fullDocument) || change.operationType === "delete" ? {} : { fullDocument }),
    ...(fullDocumentBeforeChange === undefined || !config.fullDocumentBeforeChange || change.operationType === "insert" ? {} : { fullDocumentBeforeChange }),
  }
  if (Object.keys(config.match).length > 0 && !(await store.matches(event, config.match))) return undefined
  return store.project(event, config.project)
}

/** Rejects with a `StoreError` when `match` or `project` cannot be used at all. */
export async function checkStream(store: Store, { match, project }: StreamConfig): Promise<void> {
  if (Object.keys(match).length > 0) await store.matches({}, match)
  store.project({}, project)
}

/** When a change happened, as its cluster time tells; whole seconds. */
export function clusterTimeOf({ clusterTime }: ChangeEvent): Date | undefined {
  return bsonTypeOf(clusterTime) === "Timestamp" ? new Date((clusterTime as Timestamp).getHighBitsUnsigned() * 1000) : undefined
}

/** SOURCE: `operationType` is always in the event: a projection that keeps fields keeps it. */
function completeProjection(project: Document): Document {
  return keepsFields(project) && !Object.hasOwn(project, "operationType") ? { ...project, operationType: 1 } : project
}

function operationNames(config: Document): string[] {
  const names = config["operation_types"]
  return Array.isArray(names) ? names.map(String) : []
}

function documentOf(value: Value): Document {
  return isDocument(value) ? value : {}
}
