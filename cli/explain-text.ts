// An explanation as lines for a person.
import { ejsonText, isDocument, type Document, type Value } from "../kernel/index.ts"

/** Why a user may or may not do something with one document. */
export function accessLines(operation: string, collection: string, explanation: Document): string[] {
  const { decision, assigned } = explanation
  const { outcome, because, field } = decision as Document
  const why = because === undefined ? "" : ` (${String(because)}${field === undefined ? "" : ` at field \`${String(field)}\``})`
  return [
    `${operation} of ${collection}: ${String(outcome)}${why}${assigned === undefined ? "" : `, as role \`${String(assigned)}\``}`,
    "roles tried, in order:",
    ...list(explanation["tried"]).flatMap((role) => [`  ${String(role["role"])}: ${applies(role["applies"])}`, ...failingLines(role["failing"])]),
    ...section("permissions of the role:", list(explanation["permissions"]).flatMap(permissionLines)),
    ...section("fields:", fieldLines(operation, explanation)),
    ...(isDocument(explanation["after"]) ? afterLines(operation, explanation["after"]) : []),
    ...section("filters:", list(explanation["filters"]).map((filter) => `  ${String(filter["name"])}: ${filter["applies"] === false ? "does not apply" : `applies, and ${filter["admits"] === true ? "lets the document be found" : "leaves the document out"}`}`)),
    ...section("schema:", list(explanation["schema"]).flatMap((problem) => [`  ${problem["field"] === "" ? "(root)" : String(problem["field"])}: ${String(problem["kind"])}, ${String(problem["detail"])}`, ...failingLines(problem["failing"])])),
  ]
}

function afterLines(operation: string, after: Document): string[] {
  return [
    `role of the document after it: ${after["assigned"] === undefined ? "none" : `\`${String(after["assigned"])}\`, which must admit the change too`}`,
    ...list(after["tried"]).flatMap((role) => [`  ${String(role["role"])}: ${applies(role["applies"])}`, ...failingLines(role["failing"])]),
    ...section("its permissions:", list(after["permissions"]).flatMap(permissionLines)),
    ...section("its fields:", fieldLines(operation, after)),
  ]
}

/** The receipt of a request. */
export function requestLines(collection: string, receipt: Document): string[] {
  const { operation, sent, projection, plan } = receipt
  return [
    `${String(operation)} in ${collection}: ${sent === "none" ? "no document can be seen; the database is not asked" : `sent to the database: ${text(sent)}`}`,
    ...(isDocument(projection) ? [`cut by the database: ${text(projection)}`] : []),
    ...section("filters:", list(receipt["filters"]).map((filter) => `  ${String(filter["name"])}: ${filter["applies"] === false ? "does not apply" : "applies"}${filter["query"] === undefined ? "" : `, ${queryText(filter["query"])}`}`)),
    ...section("roles:", list(receipt["roles"]).flatMap(roleLines)),
    `left over: ${leftOverOf(receipt)}`,
    ...(isDocument(plan) ? [`index: ${plan["index"] === null ? "none, the collection is read from one end to the other" : String(plan["index"])}${plan["sorted"] === true ? "" : ", then sorted"}`] : []),
  ]
}

function leftOverOf({ operation, exact, whole, projection, doneBy }: Document): string {
  if (operation === "find") return exact !== true ? "each document is judged here; limit and skip count here" : whole === true || isDocument(projection) ? "nothing; the database skips, limits and counts" : "fields are cut here; the database skips, limits and counts"
  if (doneBy === "database") return "nothing; the database does the rest"
  if (operation === "count" || operation === "distinct" || operation === "aggregate") return `each document is ${exact === true ? "cut" : "judged"} here, and what is left goes through the ${operation}`
  return "each document found is judged here, as it is and as it would be, and written if it has not changed meanwhile"
}

function roleLines(role: Document): string[] {
  const parts = list(role["parts"]).flatMap((part) => [
    `    ${String(part["name"])}: ${queryText(part["pushed"])}${part["exact"] === true ? "" : ", and per document:"}`,
    ...list(part["leftOver"]).map((left) => `      ${String(left["pointer"])}: ${String(left["reason"])}`),
  ])
  return [`  ${String(role["role"])}${role["cutsFields"] === true ? " (cuts fields)" : ""}`, ...parts]
}

function queryText(query: Value): string {
  if (query === "none") return "no document"
  return isDocument(query) && Object.keys(query).length === 0 ? "every document" : text(query)
}

function permissionLines(permission: Document): string[] {
  return [`  ${String(permission["name"])}: ${applies(permission["result"])}`, ...failingLines(permission["failing"])]
}

function fieldLines(operation: string, { fields, omitted }: Document): string[] {
  const admitted = operation === "read" ? "are shown whole" : operation === "update" ? "may be written or do not change" : "may be written"
  const rest = omitted === undefined ? [] : [`  (the fields are many: those that ${admitted} are not listed${omitted === "more" ? ", nor are all others" : ""})`]
  return [...list(fields).flatMap((each) => linesOfField(operation, each)), ...rest]
}

function linesOfField(operation: string, field: Document): string[] {
  const { entry, shown } = field
  const from = entry === "none" ? "no entry speaks of it" : `by \`${String(entry)}\``
  return [`  ${String(field["field"])}: ${operation === "read" ? `${shown === "part" ? "shown in part" : shown === "whole" ? "shown" : "hidden"}, ` : ""}${from}`, ...list(field["permissions"]).flatMap((each) => permissionLines(each).map((line) => `  ${line}`))]
}

function failingLines(leaf: Value): string[] {
  if (!isDocument(leaf)) return []
  const sides = ["subject", "operand"].flatMap((name) => {
    const side = leaf[name]
    return isDocument(side) ? [`      ${String(side["text"])} = ${Object.hasOwn(side, "value") ? text(side["value"]) : side["type"] === "missing" ? "(nothing)" : "(as above)"} (${String(side["type"])})`] : []
  })
  return [`    ${leaf["pointer"] === "" ? "" : `${String(leaf["pointer"])}: `}${String(leaf["reason"])}`, ...sides]
}

function applies(result: Value): string {
  return result === null ? "undetermined, which grants nothing" : String(result)
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines]
}

function list(value: Value): Document[] {
  return Array.isArray(value) ? (value as Value[]).filter(isDocument) : []
}

/** The longest value that is printed whole. */
const longest = 300

function text(value: Value): string {
  const whole = ejsonText(value, { relaxed: true })
  return whole.length <= longest ? whole : `${whole.slice(0, longest)}… (${whole.length} characters)`
}
