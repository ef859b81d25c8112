// What only the engine can say of an app: every rule, filter, schema and `can_evaluate` is parsed as it will be when it serves.
import { parseExpression, parseRules, parseSchema, type Problems } from "../../engine/index.ts"
import { checkCustomData } from "./check-custom-data.ts"
import { checkReferences } from "./check-references.ts"
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
  const parse = (source: RuleSource | undefined, parser: (raw: unknown, pointer: string, problems: Problems) => unknown): void => {
    if (source === undefined) return
    const problems: Problems = { errors: [], warnings: [] }
    parser(source.raw, source.pointer ?? "", problems)
    for (const error of problems.errors) add("error", error.code, { file: source.file, pointer: error.path }, error.message)
    for (const warning of problems.warnings) add("warning", warning.code, { file: source.file, pointer: warning.path }, warning.message)
  }
  for (const { defaultRule, collections } of draft.dataSources.values()) {
    parse(defaultRule, (raw, pointer, problems) => parseRules(raw, { kind: "default", pointer, problems }))
    for (const { rules, schema } of collections) {
      parse(rules, (raw, pointer, problems) => parseRules(raw, { kind: "collection", pointer, problems }))
      parse(schema, (raw, pointer, problems) => parseSchema(raw, { pointer, problems }))
    }
  }
  for (const source of callRules(draft)) parse(source, (raw, pointer, problems) => parseExpression(raw, { context: "call", pointer, problems }))
  checkReferences(draft, (code, at, message) => add("warning", code, at, message))
  checkCustomData(draft, (code, at, message) => add("warning", code, at, message))
  return sortFindings(findings)
}
