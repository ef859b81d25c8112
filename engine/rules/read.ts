// What a user sees of one document (specification 7, 8.1 and 8.2).
import { isDocument, setField, type Document, type Value } from "../../kernel/index.ts"
import type { DocumentScope } from "../expressions/index.ts"
import { entryOf, hasFieldPermissions, holds, holdsStored, type BoundEntry, type BoundRole, type BoundRules, type Question } from "./bound.ts"
import type { RuleSettings } from "./settings.ts"

/** What a user sees of a document: all of it, some fields, or nothing, and why. */
export type ReadDecision =
  | { readonly outcome: "granted"; readonly role: BoundRole; readonly whole: boolean; readonly document: Document }
  | { readonly outcome: "hidden"; readonly because: "no-role-applies"; readonly role: undefined }
  | { readonly outcome: "hidden"; readonly because: "search-refused" | "gate-refuses" | "role-forbids" | "nothing-readable"; readonly role: BoundRole }

/** The first role whose `apply_when` is true, even if it grants nothing. */
export function assignRole(rules: BoundRules, scope: DocumentScope): BoundRole | undefined {
  return rules.roles.find((role) => role.applies.of(scope))
}

/** The role of a document as it is stored. */
export function assignStored(rules: BoundRules, document: Document): BoundRole | undefined {
  return rules.roles.find((role) => role.applies.ofStored(document))
}

/** Decides what is readable of a stored document, and cuts the rest. A document readable whole is returned itself, not a copy. */
export function decideRead(rules: BoundRules, document: Document, search = false): ReadDecision {
  const role = assignStored(rules, document)
  return role === undefined ? noRole : readAs(role, document, rules.settings, search)
}

const noRole = { outcome: "hidden", because: "no-role-applies", role: undefined } as const

/** Decides a read for a role that is assigned already. */
export function readAs(role: BoundRole, document: Document, settings: RuleSettings, search = false): ReadDecision {
  if (search && role.role.search !== true && (role.role.search === false || settings.absentSearch === "deny")) return { outcome: "hidden", because: "search-refused", role }
  if (!passesReadGate(role, document, settings)) return { outcome: "hidden", because: "gate-refuses", role }
  const { read, write } = role
  if (read !== undefined) {
    return read.ofStored(document) || holdsStored(write, document) ? { outcome: "granted", role, whole: true, document } : { outcome: "hidden", because: "role-forbids", role }
  }
  if (holdsStored(write, document)) return { outcome: "granted", role, whole: true, document }
  if (!hasFieldPermissions(role)) return { outcome: "hidden", because: "role-forbids", role }
  const readable = redactDocument(role, document, settings)
  return readable === undefined ? { outcome: "hidden", because: "nothing-readable", role } : { outcome: "granted", role, whole: false, document: readable }
}

/** Writing implies reading on the same level, for the gate too. */
function passesReadGate({ gate }: BoundRole, document: Document, { absentDocumentFilter }: RuleSettings): boolean {
  if (gate === undefined) return true
  if (absentDocumentFilter === "grant" && (gate.read === undefined || gate.write === undefined)) return true
  return holdsStored(gate.read, document) || holdsStored(gate.write, document)
}

/** The readable fields of a document, or undefined when there are none. */
function redactDocument(role: BoundRole, document: Document, settings: RuleSettings): Document | undefined {
  const readable: Document = {}
  let left = false
  for (const field of Object.keys(document)) {
    const entry = entryOf(role, field)
    const value = entry === undefined ? hidden : redactValue(entry, document[field], document, true)
    if (value !== hidden) {
      setField(readable, field, value)
      left = true
    } else if (field === "_id" && settings.alwaysShowId) setField(readable, field, document[field])
  }
  return left ? readable : undefined
}

const hidden = Symbol("hidden")

/**
 * One field by its entry: whole, cut, or hidden. A parent's permission decides for everything below it: a `read` for reading, and a
 * `write` that is not true takes those to write below it out of account (`writeCounts`).
 */
function redactValue(entry: BoundEntry, value: Value, root: Document, writeCounts: boolean): Value | typeof hidden {
  if (isReadable(entry.read, writeCounts ? entry.write : undefined, value, root)) return value
  if (entry.read !== undefined || entry.fields === undefined) return hidden
  return redactBelow(entry.fields, value, root, writeCounts && entry.write === undefined)
}

/** How much of a value its entry shows. */
export function shownOf(entry: BoundEntry, value: Value, root: Document, writeCounts: boolean): "whole" | "part" | "hidden" {
  const left = redactValue(entry, value, root, writeCounts)
  return left === hidden ? "hidden" : Object.is(left, value) ? "whole" : "part"
}

/** Whether one of two permissions holds for a value. Mostly the user alone decides them; then no scope is made. */
function isReadable(read: Question | undefined, write: Question | undefined, value: Value, root: Document): boolean {
  const byRead = read === undefined ? false : read.always()
  const byWrite = write === undefined ? false : write.always()
  if (byRead === true || byWrite === true) return true
  if (byRead === false && byWrite === false) return false
  const scope: DocumentScope = { root, prevRoot: root, this: value, prev: value }
  return holds(read, scope) || holds(write, scope)
}

function redactBelow(entries: ReadonlyMap<string, BoundEntry>, value: Value, root: Document, writeCounts: boolean): Value | typeof hidden {
  if (Array.isArray(value)) {
    const items = (value as readonly Value[]).map((item) => redactBelow(entries, item, root, writeCounts)).filter((item) => item !== hidden)
    return items.length === 0 ? hidden : items
  }
  if (!isDocument(value)) return hidden
  const readable: Document = {}
  let left = false
  for (const field of Object.keys(value)) {
    const entry = entries.get(field)
    const inner = entry === undefined ? hidden : redactValue(entry, value[field], root, writeCounts)
    if (inner === hidden) continue
    setField(readable, field, inner)
    left = true
  }
  return left ? readable : hidden
}
