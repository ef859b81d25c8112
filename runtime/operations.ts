// What a guest asks for, as the server reads it.
// SECURITY: everything here comes from a process that runs other people's code. What is passed on was built here, from
// members that were checked; nothing of the parsed message is passed on but values inside `args`, which are plain JSON.
import type { Json } from "../kernel/index.ts"
import { own } from "./own.ts"
import type { GuestOperation } from "./protocol.ts"

/** An operation, or why there is none. `id` is there when the guest can be answered. */
export type CheckedOperation =
  | { readonly ok: true; readonly operation: GuestOperation }
  | { readonly ok: false; readonly id: number | undefined; readonly problem: string }

const longestName = 1000
const deepest = 250
const sessionNames = ["start", "commit", "abort", "end"] as const

/** Reads one operation. `identities`: the tokens this call was given. */
export function checkOperation(raw: unknown, identities: ReadonlySet<string>): CheckedOperation {
  const id = own(raw, "id")
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) return { ok: false, id: undefined, problem: "no id" }
  const operation = readOperation(raw, id, identities)
  return typeof operation === "string" ? { ok: false, id, problem: operation } : { ok: true, operation }
}

function readOperation(raw: unknown, id: number, identities: ReadonlySet<string>): GuestOperation | string {
  const kind = own(raw, "kind")
  switch (kind) {
    case "data": {
      const identity = readIdentity(raw, identities)
      const service = readName(raw, "service"), database = readName(raw, "database"), collection = readName(raw, "collection"), name = readName(raw, "name")
      const args = readArgs(raw)
      if (identity === undefined) return "an identity this call was not given"
      if (service === undefined || database === undefined || collection === undefined || name === undefined || args === undefined) return "malformed"
      const session = own(raw, "session")
      if (session === undefined || session === null) return { id, kind, identity, service, database, collection, name, args }
      return typeof session === "string" && session.length <= longestName ? { id, kind, identity, service, database, collection, name, args, session } : "malformed"
    }
    case "cursor": {
      const cursor = readName(raw, "cursor"), name = own(raw, "name")
      return cursor !== undefined && (name === "next" || name === "close") ? { id, kind, cursor, name } : "malformed"
    }
    case "session": {
      const identity = readIdentity(raw, identities)
      const service = readName(raw, "service"), session = readName(raw, "session"), name = sessionNames.find((each) => each === own(raw, "name"))
      if (identity === undefined) return "an identity this call was not given"
      return service !== undefined && session !== undefined && name !== undefined ? { id, kind, identity, service, session, name } : "malformed"
    }
    case "http": {
      const method = readName(raw, "method"), args = readArgs(raw)
      if (method === undefined || args === undefined) return "malformed"
      if (own(raw, "service") === undefined) return { id, kind, method, args }
      const service = readName(raw, "service"), identity = readIdentity(raw, identities)
      if (identity === undefined) return "an identity this call was not given"
      return service === undefined ? "malformed" : { id, kind, method, args, through: { service, identity } }
    }
    case "script": {
      const name = readName(raw, "name")
      return name !== undefined ? { id, kind, name } : "malformed"
    }
    case "too-long":
      return "too long"
    default:
      return "of no known kind"
  }
}

function readName(raw: unknown, key: string): string | undefined {
  const value = own(raw, key)
  return typeof value === "string" && value.length <= longestName ? value : undefined
}

function readIdentity(raw: unknown, identities: ReadonlySet<string>): string | undefined {
  const identity = own(raw, "identity")
  return typeof identity === "string" && identities.has(identity) ? identity : undefined
}

/** The argument value, unless it is missing or nested so deeply that a recursive reader could run out of stack. */
function readArgs(raw: unknown): Json | undefined {
  const args = own(raw, "args")
  if (args === undefined || !isShallow(args)) return undefined
  return args as Json
}

function isShallow(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return false
    const next: unknown[] = []
    for (const each of level) {
      if (typeof each !== "object" || each === null) continue
      for (const member of Array.isArray(each) ? each : Object.values(each)) if (typeof member === "object" && member !== null) next.push(member)
    }
    level = next
  }
  return true
}
