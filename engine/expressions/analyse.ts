// Remarks about expressions that load but will surprise their author. Nothing here decides anything.
import { bind, bindNode } from "./bind.ts"
import { makesCalls, readsDocument } from "./bound.ts"
import { noCalls } from "./calls.ts"
import { compileNode } from "./compile.ts"
import { constantOf } from "./constant-of.ts"
import { nearest } from "./names.ts"
import { missing } from "./resolve.ts"
import { eachOperand, referenceText, type Expression, type Leaf, type Reference, type Source } from "./tree.ts"
import type { JsonPointer } from "../../kernel/index.ts"
import type { KnownScope, RuleWarning } from "./types.ts"

const withoutData: KnownScope = { user: { id: "", type: "normal", data: {}, custom_data: {}, identities: [] }, values: {}, environment: {}, request: {} }

/**
 * Remarks about one expression:
 * `holds-without-custom-data` a test of custom data that users without any pass, in an expression they can satisfy;
 * `never-holds` a test no value can pass; `id-is-text` an `_id` beside `%%user.id`, which is text;
 * `unknown-member` an expansion that exists, of a member that never does.
 */
export function analyse(expression: Expression): RuleWarning[] {
  const warnings: RuleWarning[] = []
  const excludesOthers = neverHoldsWithoutData(expression)
  eachLeaf(expression, (leaf, needed) => {
    if (!excludesOthers && passesWithoutData(leaf, needed)) warnings.push(remark(leaf, "holds-without-custom-data", `users without custom data pass this test: ${referenceText(leaf.subject)} is missing for them`))
    warnings.push(...remarks(leaf, needed))
  })
  for (const { reference, pointer } of referencesOf(expression)) warnings.push(...remarksOnReference(reference, pointer))
  return warnings
}

/** Every place an expression reads, and where in the file it does. */
export function referencesOf(expression: Expression): readonly { readonly reference: Reference; readonly pointer: JsonPointer }[] {
  const found: { reference: Reference; pointer: JsonPointer }[] = []
  const collect = (node: Expression): void => {
    if (node.kind === "elemMatch") {
      found.push({ reference: node.subject, pointer: node.pointer })
      collect(node.of)
    } else if (node.kind === "every" || node.kind === "some") node.of.forEach(collect)
    else if (node.kind === "not") collect(node.of)
    else if (node.kind !== "constant") {
      const { pointer } = node
      if ("subject" in node) found.push({ reference: node.subject, pointer })
      if ("operand" in node) eachOperand(node.operand, (operand) => { if (operand.kind === "reference") found.push({ reference: operand, pointer }) })
    }
  }
  collect(expression)
  return found
}

/** Whether an expression calls a function anywhere. */
export function asksFunctions(expression: Expression): boolean {
  return makesCalls(bindNode(expression, {}))
}

/** Whether an expression asks custom data and is true for nobody who has none. */
export function needsCustomData(expression: Expression): boolean {
  return neverHoldsWithoutData(expression) && referencesOf(expression).some(({ reference }) => reference.source === "user" && reference.path[0] === "custom_data")
}

/**
 * Whether an expression is true only for users whom somebody chose: by a function, or by comparing their id, metadata or custom data with
 * what is in the rules. A document that names its user chooses nobody: he may have written it.
 */
export function choosesUsers(node: Expression): boolean {
  switch (node.kind) {
    case "constant": return node.value !== true
    case "every": return node.of.some(choosesUsers)
    case "some": return node.of.every(choosesUsers)
    case "isConstant": return asksFunctions(node)
    case "test": return asksFunctions(node) || (isOwnData(node.subject) && !readsDocument(node.operand) && !passesWithoutData(node, true))
    default: return false
  }
}

function isOwnData({ source, path }: Reference): boolean {
  return source === "user" && (path[0] === "id" || path[0] === "data" || path[0] === "custom_data")
}

/** Visits the tests that decide an expression; `needed`: what each has to be for it to hold. */
function eachLeaf(node: Expression, visit: (leaf: Leaf, needed: boolean) => void, needed = true): void {
  switch (node.kind) {
    case "every": case "some": for (const part of node.of) eachLeaf(part, visit, needed); return
    case "not": return eachLeaf(node.of, visit, !needed)
    case "constant": case "elemMatch": return
    default: visit(node, needed)
  }
}

/** Whether other parts of the expression keep users without custom data out for certain. */
function neverHoldsWithoutData(expression: Expression): boolean {
  const bound = bind(expression, withoutData)
  const result = constantOf(bound)
  return result === false || (result === undefined && !makesCalls(bound.root))
}

function passesWithoutData(leaf: Leaf, needed: boolean): leaf is Leaf & { readonly subject: Reference } {
  if (leaf.kind === "isConstant") return false
  const { source, path } = leaf.subject
  return source === "user" && path[0] === "custom_data" && compileNode(bindNode(leaf, withoutData), noCalls)({}, missing) === needed
}

function remark({ pointer }: Leaf, code: string, message: string): RuleWarning {
  return { code, path: pointer, message }
}

function remarks(leaf: Leaf, needed: boolean): RuleWarning[] {
  if (leaf.kind !== "test") return []
  const found: RuleWarning[] = []
  const { operand, operator, subject: { path } } = leaf
  if (operator === "in" && operand.kind === "literal" && Array.isArray(operand.value) && operand.value.length === 0 && needed) found.push(remark(leaf, "never-holds", "nothing is in an empty list"))
  if (operator === "eq" && isText(leaf) && needed && (operand.kind === "list" || (operand.kind === "literal" && Array.isArray(operand.value)))) {
    found.push(remark(leaf, "never-holds", `${referenceText(leaf.subject)} is text and no list; use \`$in\` to ask for one of several`))
  }
  if (path.length === 1 && path[0] === "_id" && operand.kind === "reference" && operand.source === "user" && operand.path[0] === "id") {
    found.push(remark(leaf, "id-is-text", "`%%user.id` is text; where `_id` is an ObjectId, write `{\"%stringToOid\": \"%%user.id\"}`"))
  }
  return found
}

function isText({ subject: { source, path } }: Leaf & { kind: "test" }): boolean {
  return source === "user" && path.length === 1 && (path[0] === "id" || path[0] === "type")
}

/** What the expansions of a request have, by the specification (4). */
const members: Partial<Record<Source, readonly string[]>> = {
  user: ["id", "type", "data", "custom_data", "identities"],
  environment: ["tag", "values"],
  request: ["httpMethod", "httpReferrer", "httpUserAgent", "rawQueryString", "remoteIPAddress", "webhookUrl", "service", "action", "requestHeaders"],
}

function remarksOnReference(reference: Reference, path: JsonPointer): RuleWarning[] {
  const known = members[reference.source]
  const [member] = reference.path
  if (known === undefined || member === undefined || known.includes(member)) return []
  const near = nearest(member, known)
  return [{ code: "unknown-member", path, message: `\`%%${reference.source}.${member}\` never has a value${near === undefined ? "" : `; did you mean \`%%${reference.source}.${near}\`?`}` }]
}
