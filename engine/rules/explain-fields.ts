// Why the fields of a document are hidden or not writable: which of them are listed, and how much of their values.
import { childPointer, ejsonText, type Value } from "../../kernel/index.ts"
import type { ExplainedSide } from "../expressions/index.ts"
import type { BoundRole, BoundRules } from "./bound.ts"
import { below, isAdmitted, permissionsAt, valuesAt, within, type ExplainedField, type FieldQuestion, type Place, type Walk } from "./explain-nested.ts"
import type { ExplainedPermission } from "./explain-permission.ts"

export interface ExplainedFields {
  /** Field by field, each before those below it, where the document's permissions leave it to them; empty where they do not. */
  readonly fields: readonly ExplainedField[]
  /** What is not listed as there are too many: those that are shown whole or may be written, or others too. */
  readonly omitted?: "admitted" | "more"
}

/** Fields that are listed, and those that are looked at to choose them. */
const mostListed = 500
const mostVisited = 2000

/** The fields of a document, with those below them that an entry leaves to entries of their own. */
export function explainFields(rules: BoundRules, role: BoundRole, question: FieldQuestion): ExplainedFields {
  const all = listFields({ rules, role, question, only: "all", left: mostVisited })
  if (all !== undefined) return { fields: withoutRepeats(all) }
  const chosen: Walk = { rules, role, question, only: "not admitted", left: mostVisited }
  const fields = walkFields(chosen)
  return { fields: withoutRepeats(fields.slice(0, mostListed)), omitted: chosen.left >= 0 && fields.length <= mostListed ? "admitted" : "more" }
}

/** Undefined when there are too many. */
function listFields(walk: Walk): ExplainedField[] | undefined {
  const fields = walkFields(walk)
  return walk.left < 0 || fields.length > mostListed ? undefined : fields
}

function walkFields(walk: Walk): ExplainedField[] {
  const { role: { role, fields, additionalFields }, question: { scope: { root, prevRoot = {} }, exempt } } = walk
  const listed: ExplainedField[] = []
  for (const field of Object.keys({ ...prevRoot, ...root })) {
    if (exempt.has(field)) continue
    const own = role.fields?.get(field)
    const rule = own ?? (role.additionalFields === undefined ? undefined : { ...role.additionalFields, fields: undefined })
    const place: Place = { ...valuesAt(walk, prevRoot, root, field), rule, bound: fields?.get(field) ?? additionalFields, pointer: childPointer(childPointer(role.pointer, "fields"), field), writeAbove: undefined, isReadAbove: false }
    if (walk.only === "not admitted" && isAdmitted(walk, place)) continue
    if (--walk.left < 0) break
    const entry = own !== undefined ? "fields" : rule !== undefined ? "additional_fields" : "none"
    listed.push({ field, entry, shown: shownAs(walk.question, field), permissions: permissionsAt(walk, place) }, ...within(field, below(walk, place)))
  }
  return listed
}

function shownAs({ read, scope: { root } }: FieldQuestion, field: string): ExplainedField["shown"] {
  if (read?.outcome !== "granted" || !Object.hasOwn(read.document, field)) return "hidden"
  return Object.is(read.document[field], root[field]) ? "whole" : "part"
}

/** The longest value that is told again, as text. */
const longestTwice = 300

/** Leaves out long values that stand in an earlier field, so that the answer is not much larger than what it is about. */
function withoutRepeats(fields: readonly ExplainedField[]): ExplainedField[] {
  const told = new Set<Value>()
  const untold = (side: ExplainedSide | undefined): ExplainedSide | undefined => {
    if (side === undefined) return side
    const { text, type, value } = side
    if (told.has(value)) return { text, type }
    if (ejsonText(value).length > longestTwice) told.add(value)
    return side
  }
  const shortened = (permission: ExplainedPermission): ExplainedPermission => {
    const { failing } = permission
    return failing === undefined ? permission : { ...permission, failing: { ...failing, subject: untold(failing.subject), operand: untold(failing.operand) } }
  }
  return fields.map((each) => ({ ...each, permissions: each.permissions.map(shortened) }))
}
