// Users from a file of one JSON object a line, as the Admin API of App Services shows them, with a password hash where there is one.
import { BackstitchError, fromEjson, getField, isDocument, type Document, type Value } from "../kernel/index.ts"
import { RequestError } from "./errors.ts"
import type { ImportedUser, UserAdministration } from "./users/index.ts"

/** Why a row was refused. SECURITY: names fields and lines, never a hash or an address. */
export interface RefusedRow {
  readonly line: number
  readonly userId: string | undefined
  readonly reason: string
}

export interface ImportSummary {
  readonly imported: number
  /** Users that are there already under the same id: an import can be repeated. */
  readonly kept: number
  readonly refused: number
}

export interface ImportOptions {
  /** Checks every row and writes nothing. */
  readonly dryRun?: boolean
  readonly refused: (row: RefusedRow) => void
  readonly progress?: (done: number) => void
}

/** Rows worked on at once: their writes share one flush. */
const atOnce = 16
const progressEvery = 1000

/** Imports users line by line. A refused row does not stop the others; what an earlier attempt imported is kept as it is. */
export async function importUsers(users: UserAdministration, lines: AsyncIterable<string>, { dryRun = false, refused, progress }: ImportOptions): Promise<ImportSummary> {
  const counts = { imported: 0, kept: 0, refused: 0 }
  const inFile = new Set<string>()
  let batch: Promise<void>[] = []
  let line = 0
  for await (const text of lines) {
    line += 1
    if (text.trim() === "") continue
    batch.push(one(text, line))
    if (batch.length === atOnce) {
      await Promise.all(batch)
      batch = []
    }
    if (line % progressEvery === 0) progress?.(line)
  }
  await Promise.all(batch)
  return counts

  async function one(text: string, at: number): Promise<void> {
    let userId: string | undefined
    try {
      const user = readRow(text)
      userId = user.id
      if (inFile.has(user.id)) throw new TypeError("an earlier line has the same id")
      inFile.add(user.id)
      if (await isThere(user.id)) {
        counts.kept += 1
        return
      }
      await (dryRun ? users.checkImport(user) : users.import(user))
      counts.imported += 1
    } catch (error) {
      // What is wrong with the server is not wrong with the row.
      if (error instanceof BackstitchError && error.fault === "server") throw error
      counts.refused += 1
      refused({ line: at, userId, reason: error instanceof TypeError || error instanceof RequestError ? error.message.replace("Cannot import a user: ", "") : "the row cannot be read" })
    }
  }

  async function isThere(id: string): Promise<boolean> {
    return users.get(id).then(() => true, (error: unknown) => {
      if (error instanceof RequestError && error.code === "UserNotFound") return false
      throw error
    })
  }
}

function readRow(text: string): ImportedUser & { readonly id: string } {
  let row: Value
  try {
    row = fromEjson(JSON.parse(text))
  } catch {
    // SECURITY: the parser's message quotes the line.
    throw new TypeError("the line is no JSON")
  }
  if (!isDocument(row)) throw new TypeError("the line is no JSON object")
  const id = textOf(getField(row, "_id"))
  if (id === undefined) throw new TypeError("`_id` is missing")
  const type = getField(row, "type")
  if (type !== undefined && type !== "normal") throw new TypeError("only users of type `normal` can be moved")
  const [created, lastLogin] = [timeOf(row, "creation_date"), timeOf(row, "last_authentication_date")]
  const [hash, email] = [getField(row, "password_hash"), getField(row, "email")]
  if (hash !== undefined && typeof hash !== "string") throw new TypeError("`password_hash` is no text")
  if (email !== undefined && typeof email !== "string") throw new TypeError("`email` is no text")
  return {
    id, identities: identitiesOf(row), disabled: getField(row, "disabled") === true,
    ...(hash === undefined ? {} : { passwordHash: hash }), ...(email === undefined ? {} : { email }), ...(created === undefined ? {} : { created }), ...(lastLogin === undefined ? {} : { lastLogin }),
  }
}

function identitiesOf(row: Document): NonNullable<ImportedUser["identities"]> {
  const list = getField(row, "identities") ?? []
  if (!Array.isArray(list)) throw new TypeError("`identities` is no list")
  return list.map((each: Value) => {
    const [id, providerType] = isDocument(each) ? [textOf(getField(each, "id")), getField(each, "provider_type")] : []
    if (!isDocument(each) || id === undefined || typeof providerType !== "string") throw new TypeError("an identity has no `id` or no `provider_type`")
    const data = getField(each, "provider_data") ?? getField(each, "data")
    return { id, providerType, data: isDocument(data) ? data : {} }
  })
}

function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value
  return typeof value === "object" && value !== null && "toHexString" in value ? String(value) : undefined
}

/** Seconds, as the Admin API writes them, or a date. */
function timeOf(row: Document, field: string): Date | undefined {
  const value = getField(row, field)
  if (value === undefined || value === null) return undefined
  const time = value instanceof Date ? value : typeof value === "number" ? new Date(value * 1000) : undefined
  if (time === undefined || Number.isNaN(time.getTime())) throw new TypeError(`\`${field}\` is neither seconds nor a date`)
  return time
}
