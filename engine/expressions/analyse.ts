// Remarks about expressions that load but will surprise their author. Nothing here decides anything.
import { nearest } from "./names.ts"
import { eachOperand, referenceText, type Expression, type Operand, type Reference, type Source } from "./tree.ts"
import { isCustomData, mayBeWithoutData, passesMissing } from "./without-custom-data.ts"
import type { JsonPointer } from "../../kernel/index.ts"
import type { RuleWarning } from "./types.ts"

type Leaf = Exclude<Expression, { kind: "constant" | "every" | "some" | "not" }>

/** What a remark may hang on besides the expression. */
export interface AnalyseOptions {
  /** Whether a field of the document, or of the items of a list in it, may hold an ObjectId; each may if absent. */
  readonly mayBeObjectId?: ((path: readonly string[]) => boolean) | undefined
}

/**
 * Remarks about one expression:
 * `holds-without-custom-data` a test of custom data that users without any pass, in an expression they can satisfy;
 * `never-holds` a test no value can pass; `id-is-text` an `_id` beside `%%user.id`, which is text;
 * `unknown-member` an expansion that exists, of a member that never does.
 */
export function analyse(expression: Expression, { mayBeObjectId = () => true }: AnalyseOptions = {}): RuleWarning[] {
  const warnings: RuleWarning[] = []
  const admitsOthers = mayBeWithoutData(expression, true)
  eachLeaf(expression, (leaf, needed, list) => {
    if (admitsOthers && "subject" in leaf && isCustomData(leaf.subject) && passesMissing(leaf, needed)) {
      warnings.push(remark(leaf, "holds-without-custom-data", `users without custom data pass this test: ${referenceText(leaf.subject)} is missing for them`))
    }
    warnings.push(...remarks(leaf, needed), ...remarksOnIds(leaf, (reference) => mayBeId(reference, list, mayBeObjectId)))
  })
  for (const { reference, pointer } of referencesOf(expression)) warnings.push(...remarksOnReference(reference, pointer))
  return warnings
}

/** Every place an expression reads, and where in the file it does. */
export function referencesOf(expression: Expression): readonly { readonly reference: Reference; readonly pointer: JsonPointer }[] {
  const found: { reference: Reference; pointer: JsonPointer }[] = []
  eachLeaf(expression, (leaf) => {
    for (const part of partsOf(leaf)) if (part.kind === "reference") found.push({ reference: part, pointer: leaf.pointer })
  })
  return found
}

/** Whether an expression calls a function anywhere. */
export function asksFunctions(expression: Expression): boolean {
  let found = false
  eachLeaf(expression, (leaf) => { found ||= partsOf(leaf).some((part) => part.kind === "call") })
  return found
}

/** Whether an expression asks custom data and is true for nobody who has none. */
export function needsCustomData(expression: Expression): boolean {
  return !mayBeWithoutData(expression, true) && referencesOf(expression).some(({ reference }) => isCustomData(reference))
}

/**
 * Whether an expression is true only for users whom somebody chose: by a function, or by comparing their id, metadata or custom data with
 * what is in the rules or in a value of the app. A document that names its user chooses nobody: he may have written it.
 */
export function choosesUsers(node: Expression): boolean {
  switch (node.kind) {
    case "constant": return node.value !== true
    case "every": return node.of.some(choosesUsers)
    case "some": return node.of.every(choosesUsers)
    case "isConstant": return asksFunctions(node) || referencesOf(node).every(({ reference }) => isOwnData(reference))
    case "test": return asksFunctions(node) || (isOwnData(node.subject) && isGiven(node.operand) && !passesMissing(node, true))
    default: return false
  }
}

function isOwnData({ source, path }: Reference): boolean {
  return source === "user" && (path[0] === "id" || path[0] === "data" || path[0] === "custom_data")
}

/** Whether the authors of an app say what an operand is. */
function isGiven(operand: Operand): boolean {
  return partsOfOperand(operand).every((part) => part.kind !== "reference" || part.source === "values" || part.source === "environment")
}

/** Where a list of the document stands whose items are asked; undefined outside of one, and where it is none of the document. */
type ListPath = readonly string[] | undefined

/** Visits the tests of an expression; `needed`: what each has to be for it to hold. */
function eachLeaf(node: Expression, visit: (leaf: Leaf, needed: boolean, list: ListPath) => void, needed = true, list: ListPath = undefined): void {
  switch (node.kind) {
    case "every": case "some": return node.of.forEach((part) => eachLeaf(part, visit, needed, list))
    case "not": return eachLeaf(node.of, visit, !needed, list)
    case "constant": return
    case "elemMatch":
      visit(node, needed, list)
      return eachLeaf(node.of, visit, needed, documentPath(node.subject, list))
    default: visit(node, needed, list)
  }
}

/** The path of a reference from the top of the document, if it is in the document. */
function documentPath({ source, path }: Reference, list: ListPath): readonly string[] | undefined {
  if (source === "root" || source === "prevRoot") return path
  return source === "item" && list !== undefined ? [...list, ...path] : undefined
}

/** Subject and operand of a test, with all that is in them. */
function partsOf(leaf: Leaf): Operand[] {
  return [...("subject" in leaf ? [leaf.subject] : []), ...("operand" in leaf ? partsOfOperand(leaf.operand) : [])]
}

function partsOfOperand(operand: Operand): Operand[] {
  const parts: Operand[] = []
  eachOperand(operand, (part) => parts.push(part))
  return parts
}

function remark({ pointer }: Leaf, code: string, message: string): RuleWarning {
  return { code, path: pointer, message }
}

function remarks(leaf: Leaf, needed: boolean): RuleWarning[] {
  if (leaf.kind !== "test") return []
  const found: RuleWarning[] = []
  const { operand, operator, subject } = leaf
  const items = itemsOf(operand)
  if (needed && operator === "in" && items?.length === 0) found.push(remark(leaf, "never-holds", "nothing is in an empty list"))
  if (needed && operator === "all" && items?.length === 0) found.push(remark(leaf, "never-holds", "no value passes `$all` of an empty list"))
  if (needed && operator === "eq" && items !== undefined && texts.has(referenceText(subject))) {
    found.push(remark(leaf, "never-holds", `${referenceText(subject)} is text and no list; use \`$in\` to ask for one of several`))
  }
  return found
}

function remarksOnIds(leaf: Leaf, isId: (reference: Reference) => boolean): RuleWarning[] {
  if (leaf.kind !== "test" || leaf.operand.kind !== "reference") return []
  const { subject, operand } = leaf
  if (isId(subject) && referenceText(operand) === "%%user.id") return [remark(leaf, "id-is-text", "`%%user.id` is text; where `_id` is an ObjectId, write `{\"%stringToOid\": \"%%user.id\"}`")]
  if (isId(operand) && referenceText(subject) === "%%user.id") return [remark(leaf, "id-is-text", `\`%%user.id\` is text; where \`_id\` is an ObjectId, write \`{"%oidToString": "${referenceText(operand)}"}\``)]
  return []
}

/** Whether a reference is to the `_id` of the document or of an item, and that may be an ObjectId. */
function mayBeId(reference: Reference, list: ListPath, mayBeObjectId: (path: readonly string[]) => boolean): boolean {
  if (reference.path.join(".") !== "_id") return false
  const path = documentPath(reference, list)
  // An item whose list is none of the document.
  return path === undefined ? reference.source === "item" : mayBeObjectId(path)
}

/** The items of a list that is written in the rule. */
function itemsOf(operand: Operand): readonly unknown[] | undefined {
  if (operand.kind === "list") return operand.items
  return operand.kind === "literal" && Array.isArray(operand.value) ? operand.value : undefined
}

// SOURCE: specification of rules, 4.
const requestTexts = ["httpMethod", "httpReferrer", "httpUserAgent", "rawQueryString", "remoteIPAddress", "webhookUrl", "service", "action"]
/** What the expansions of a request have. */
const members: Partial<Record<Source, readonly string[]>> = {
  user: ["id", "type", "data", "custom_data", "identities"],
  environment: ["tag", "values"],
  request: [...requestTexts, "requestHeaders"],
}
/** Those that are text. */
const texts = new Set(["%%user.id", "%%user.type", "%%environment.tag", ...requestTexts.map((name) => `%%request.${name}`)])

function remarksOnReference(reference: Reference, path: JsonPointer): RuleWarning[] {
  const known = members[reference.source]
  const [member] = reference.path
  if (known === undefined || member === undefined || known.includes(member)) return []
  const near = nearest(member, known)
  return [{ code: "unknown-member", path, message: `\`%%${reference.source}.${member}\` never has a value${near === undefined ? "" : `; did you mean \`%%${reference.source}.${near}\`?`}` }]
}
