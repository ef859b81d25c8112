import { EjsonError, InternalError, ObjectId, type Document } from "../../kernel/index.ts"
import { decodeSnapshot, encodeSnapshot, type EncodedSnapshot } from "./snapshot.ts"
import type { CustomDataConfig, CustomDataReader, UserLog } from "./ports.ts"

/** Settings of this server that App Services does not have. */
export interface CustomDataPolicy {
  /** `previous`: the session's last snapshot, if younger than 24 hours; else like `fail`. */
  readonly onReadError?: "fail" | "empty" | "previous"
  readonly readTimeoutMs?: number
  readonly warnClaimBytes?: number
  readonly maxClaimBytes?: number
}

export interface CustomDataOptions {
  /** Read anew for each snapshot, so that a deployed change acts on the next token. Undefined: not configured. */
  readonly config: () => CustomDataConfig | undefined
  readonly reader: CustomDataReader
  readonly policy?: CustomDataPolicy
  readonly log: UserLog
  readonly clock: () => Date
}

/** A snapshot: the claim's JSON text, undefined when the user has no document or the feature is off, and when it was read. */
export interface TakenSnapshot {
  readonly json: string | undefined
  readonly takenAt: Date
}

/** Custom user data of one app. Also the `SnapshotSource` of server/tokens. */
export interface CustomData {
  readonly keepsPrevious: boolean
  /** The claim for a token made now. `previous` is the session's last, for the policy of that name. */
  claimFor(userId: string, previous?: TakenSnapshot): Promise<TakenSnapshot>
  /** What `context.user.custom_data` is when it is read for one request, as endpoints do: the same value a token made now would give. */
  documentFor(userId: string): Promise<Document>
}

const defaults = { onReadError: "fail", readTimeoutMs: 5000, warnClaimBytes: 16_384, maxClaimBytes: 65_536 } as const
const previousSeconds = 24 * 3600

/** Makes the reader of custom user data: which document, when it may be missing, and what happens when it cannot be read. */
export function createCustomData({ config, reader, policy = {}, log, clock }: CustomDataOptions): CustomData {
  const { onReadError, readTimeoutMs, warnClaimBytes, maxClaimBytes } = { ...defaults, ...policy }

  async function read(userId: string, where: CustomDataConfig): Promise<Document | null> {
    const find = (value: string | ObjectId): Promise<Document | null> =>
      reader.findFirstInserted(where.dataSource, where.database, where.collection, where.userIdField, value)
    // SOURCE: specification 1.2, type before age: an ObjectId typed document counts only when no string typed one exists.
    const byText = await find(userId)
    if (byText !== null || !/^[0-9a-f]{24}$/.test(userId)) return byText
    return find(ObjectId.createFromHexString(userId))
  }

  async function claimFor(userId: string, previous?: TakenSnapshot): Promise<TakenSnapshot> {
    const where = config()
    const nothing = { json: undefined, takenAt: clock() }
    if (where === undefined || !where.enabled) return nothing
    let document: Document | null
    try {
      document = await withDeadline(read(userId, where), readTimeoutMs)
    } catch (cause) {
      return afterReadError(cause, userId, previous)
    }
    if (document === null) return nothing
    const claim = encode(document, userId, where)
    if (claim.bytes > maxClaimBytes) {
      log.warn("custom-data-too-large", { userId, bytes: claim.bytes, collection: `${where.database}.${where.collection}` })
      throw new InternalError("internal", `Cannot issue a token with custom user data of ${claim.bytes} bytes: at most ${maxClaimBytes} are carried`)
    }
    if (claim.bytes > warnClaimBytes) log.warn("custom-data-large", { userId, bytes: claim.bytes })
    return { json: claim.json, takenAt: nothing.takenAt }
  }

  function encode(document: Document, userId: string, { database, collection }: CustomDataConfig): EncodedSnapshot {
    try {
      return encodeSnapshot(document)
    } catch (cause) {
      if (!(cause instanceof EjsonError)) throw cause
      log.warn("custom-data-untold", { userId, collection: `${database}.${collection}` })
      // The cause is left behind: its path is made of names in the document.
      throw new InternalError("internal", "Cannot issue a token with custom user data that Extended JSON has no words for")
    }
  }

  function afterReadError(cause: unknown, userId: string, previous: TakenSnapshot | undefined): TakenSnapshot {
    log.warn("custom-data-unavailable", { userId, policy: onReadError })
    if (onReadError === "empty") return { json: undefined, takenAt: clock() }
    if (onReadError === "previous" && previous !== undefined && clock().getTime() - previous.takenAt.getTime() < previousSeconds * 1000) return previous
    // SECURITY: never a token without the claim by default; absence means "no document", and rules would change their answer.
    throw new InternalError("unavailable", "Cannot read custom user data: the database cannot be reached", { cause })
  }

  return {
    keepsPrevious: onReadError === "previous",
    claimFor,
    async documentFor(userId) {
      const { json } = await claimFor(userId)
      return decodeSnapshot(json === undefined ? undefined : JSON.parse(json))
    },
  }
}

/** A remark about the configuration of custom user data, found at deploy. */
export interface CustomDataFinding {
  readonly severity: "error" | "warning"
  readonly code: "custom-data-field-missing" | "custom-data-source-unknown" | "custom-data-collection-missing" | "creation-function-unknown"
  readonly message: string
}

/**
 * Checks a configuration against what the app has. While it is disabled its faults are warnings and block nothing.
 *
 * The same check answers whether a data source or function may be deleted: ask with the set as it would be.
 */
export function checkCustomData(config: CustomDataConfig | undefined, app: { readonly dataSources: ReadonlySet<string>; readonly functions: ReadonlySet<string> }): CustomDataFinding[] {
  if (config === undefined) return []
  const severity = config.enabled ? "error" : "warning"
  const findings: CustomDataFinding[] = []
  const add = (code: CustomDataFinding["code"], message: string): void => void findings.push({ severity, code, message })
  if (config.userIdField === "" || config.userIdField.split(".").includes("")) add("custom-data-field-missing", "Cannot use custom user data: `user_id_field` names no field")
  if (config.database === "" || config.collection === "") add("custom-data-collection-missing", "Cannot use custom user data: `database_name` and `collection_name` are needed")
  if (!app.dataSources.has(config.dataSource)) add("custom-data-source-unknown", `Cannot use custom user data: no data source \`${config.dataSource}\``)
  const name = config.onUserCreationFunction
  if (name !== undefined && name !== "" && !app.functions.has(name)) add("creation-function-unknown", `Cannot use custom user data: no function \`${name}\``)
  return findings
}

async function withDeadline<Result>(work: Promise<Result>, milliseconds: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new InternalError("unavailable", `Cannot read custom user data: no answer in ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
