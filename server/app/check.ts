// What only the engine can say of an app: every rule, filter, schema and `can_evaluate` is parsed as it will be when it serves.
import { analyse, analyseRules, parseExpression, parseRules, parseSchema, schemaExpressions, type Problems, type RuleWarning } from "../../engine/index.ts"
import { checkCustomData } from "./check-custom-data.ts"
import { checkNames } from "./check-names.ts"
import { checkReferences } from "./check-references.ts"
import { getField } from "../../kernel/index.ts"
import { isRecord } from "./fields.ts"
import { sortFindings, type Spot } from "./findings.ts"
import { locateIn } from "./json-file.ts"
import type { LoadedApp } from "./load.ts"
import type { Finding, RuleSource } from "./model.ts"
import { callRules } from "./rule-sources.ts"

/** Parses everything the engine will run, and looks for references and rights that will surprise. Adds to what loading found. */
export function checkApp({ draft, files }: LoadedApp): Finding[] {
  if (draft === undefined) return []
  const findings: Finding[] = []
  const add = (severity: Finding["severity"], code: string, { file, pointer }: Spot, message: string): void => {
    const text = files.get(file)
    findings.push({ severity, code, file, pointer, message, ...(text === undefined ? {} : locateIn(text, pointer)) })
  }
  /** Remarks on what has errors would be about something else. */
  const parse = <Parsed>(source: RuleSource | undefined, parser: (raw: unknown, pointer: string, problems: Problems) => Parsed, analyser: (parsed: Parsed) => readonly RuleWarning[] = () => []): void => {
    if (source === undefined) return
    const problems: Problems = { errors: [], warnings: [] }
    const parsed = parser(source.raw, source.pointer ?? "", problems)
    if (problems.errors.length === 0) problems.warnings.push(...analyser(parsed))
    for (const error of problems.errors) add("error", error.code, { file: source.file, pointer: error.path }, error.message)
    for (const warning of problems.warnings) add("warning", warning.code, { file: source.file, pointer: warning.path }, warning.message)
  }
  for (const { defaultRule, collections } of draft.dataSources.values()) {
    parse(defaultRule, (raw, pointer, problems) => parseRules(raw, { kind: "default", pointer, problems }), analyseRules)
    for (const { rules, schema } of collections) {
      const options = { mayBeObjectId: (path: readonly string[]) => mayBeObjectId(schema?.raw, path) }
      parse(rules, (raw, pointer, problems) => parseRules(raw, { kind: "collection", pointer, problems }), (parsed) => analyseRules(parsed, options))
      parse(schema, (raw, pointer, problems) => parseSchema(raw, { pointer, problems }), (parsed) => schemaExpressions(parsed).flatMap((expression) => analyse(expression, options)))
    }
  }
  for (const source of callRules(draft)) parse(source, (raw, pointer, problems) => parseExpression(raw, { context: "call", pointer, problems }), analyse)
  checkReferences(draft, (code, at, message) => add("warning", code, at, message))
  checkNames(draft, (code, at, message) => add("warning", code, at, message))
  checkCustomData(draft, (code, at, message) => add("warning", code, at, message))
  return sortFindings(findings)
}

/** Whether a field, of documents or of the items of a list, can hold an ObjectId, as far as a schema says. */
function mayBeObjectId(schema: unknown, [field, ...below]: readonly string[]): boolean {
  const node = itemsOf(schema)
  if (field !== undefined) {
    const properties = isRecord(node) ? getField(node, "properties") : undefined
    return mayBeObjectId(isRecord(properties) ? getField(properties, field) : undefined, below)
  }
  const type = isRecord(node) ? getField(node, "bsonType") : undefined
  return type === undefined || [type].flat().some((name) => name === "objectId" || name === "mixed")
}

/** The schema of the items, where one describes lists. */
function itemsOf(schema: unknown): unknown {
  const items = isRecord(schema) ? getField(schema, "items") : undefined
  return items === undefined ? schema : itemsOf(items)
}
