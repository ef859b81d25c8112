// The findings of one load: every problem is collected, none stops the reading. The codes are documented in docs/findings.md.
import type { JsonPointer } from "../../kernel/index.ts"
import type { Finding } from "./model.ts"

/** Every code a finding of this folder can have, with what it means; `docs/findings.md` holds the same table, and a test compares them. */
export const findingCodes = {
  "app-not-found": "No root file in the directory or up to seven above it",
  "broken-json": "A file is not JSON",
  "lenient-json": "A comment or a trailing comma; read all the same",
  "duplicate-key": "A key stands twice in one object; the last one counts",
  "unreadable-file": "A file cannot be read, is too large, or is not UTF-8",
  "skipped-link": "A symbolic link to a directory is not followed",
  "wrong-type": "A key has a value of the wrong JSON type",
  "missing-key": "A required key is absent",
  "missing-name": "An entity has no name",
  "unknown-key": "A key nobody reads; kept as it is",
  "unread-file": "A JSON file at a place where none is expected",
  "bad-value": "A value outside the documented list or form",
  "bad-name": "A name beyond the documented length or alphabet",
  "invalid-ejson": "Extended JSON that cannot be decoded",
  "name-mismatch": "A file or directory name differs from the name inside; the inside counts",
  "hybrid-layout": "Parts of two format versions stand side by side",
  "unknown-version": "A `config_version` that is none of the four",
  "generated-app-id": "The export holds no App ID; one is derived from the name",
  "unknown-environment": "An environment, or a file in `environments/`, outside the five known ones",
  "bad-template": "A `%(…)` template that cannot be resolved",
  "unknown-secret": "A reference to a secret that nobody supplies",
  "secrets-on-disk": "Secrets in clear inside the app directory",
  "bad-secret": "A secret outside its documented length or letters",
  "unknown-function": "A reference to a function that does not exist",
  "unknown-value": "An expression names a value that does not exist",
  "misspelt-field": "An expression or projection names a field that the schema, or that of custom user data, does not have and nearly has",
  "unknown-data-source": "A reference to a data source that does not exist",
  "duplicate-function": "Two functions of one name",
  "duplicate-name": "Two entities of one name",
  "duplicate-namespace": "Two rules files for one collection",
  "duplicate-endpoint": "Two endpoints with one route and method",
  "missing-source": "A function is listed but has no source file",
  "function-syntax": "A function source does not parse as JavaScript",
  "function-without-exports": "A function source never mentions `exports`",
  "conflicting-keys": "Two keys that exclude each other",
  "empty-rules": "A rules file without content",
  "old-rules": "A rules file of the first Stitch generation",
  "custom-data-exposed": "The schema of the custom data collection names a field that looks secret",
  "custom-data-off": "An expression reads custom user data, which is not enabled",
  "custom-data-writable": "Users may write custom data that rules rely on",
  "needs-email": "A provider wants e-mails to be sent",
  "bad-schedule": "A cron expression outside the documented form, or one that is never due",
  "bad-operation-type": "An operation type that is unknown or not allowed at this level",
  "bad-project": "A trigger projection that mixes 0 and 1 or drops `operationType`",
  "bad-throughput": "`maximum_throughput` without `unordered`",
  "pre-image-level": "Documents before the change for more than one collection",
  "unsupported": "A part that is kept but not run",
} as const

export type FindingCode = keyof typeof findingCodes

/** Where a finding points to: a file of the app and a place in it. */
export interface Spot { readonly file: string; readonly pointer: JsonPointer; readonly line?: number; readonly column?: number }

/** Collects findings. `demoted()` gives a report that turns errors into warnings, for parts that are switched off. */
export interface Report {
  error(code: FindingCode, at: Spot, message: string): void
  warning(code: FindingCode, at: Spot, message: string): void
  info(code: FindingCode, at: Spot, message: string): void
  demoted(): Report
}

/** A report that writes into the given list; `locate` adds line and column where the spot has none. */
export function openReport(into: Finding[], locate: (at: Spot) => Spot = (at) => at): Report {
  const seen = new Set<string>()
  const add = (severity: Finding["severity"], code: FindingCode, at: Spot, message: string): void => {
    // Some keys are read by two readers; what is wrong with one is said once.
    const key = JSON.stringify([code, at.file, at.pointer, at.line, at.column, message])
    if (seen.has(key)) return
    seen.add(key)
    into.push({ severity, code, message, ...spotOf(at.line === undefined ? locate(at) : at) })
  }
  const report: Report = {
    error: (code, at, message) => add("error", code, at, message),
    warning: (code, at, message) => add("warning", code, at, message),
    info: (code, at, message) => add("info", code, at, message),
    demoted: () => ({ ...report, error: report.warning, demoted: () => report.demoted() }),
  }
  return report
}

function spotOf({ file, pointer, line, column }: Spot): Spot {
  return { file, pointer, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) }
}

/** One line for people: `<file>#<json path>: <message>`, with line and column where known. */
export function formatFinding({ severity, code, file, pointer, line, column, message }: Finding): string {
  const place = line === undefined ? "" : `:${line}${column === undefined ? "" : `:${column}`}`
  return `${severity} ${code} ${file}${place}${pointer === "" ? "" : `#${pointer}`}: ${message}`
}

/** Whether an app with these findings must not be started or imported. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "error")
}

/** Findings in the order of files and lines, errors first within a place. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => compareText(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || rankOf(a) - rankOf(b))
}

const ranks = { error: 0, warning: 1, info: 2 } as const

function rankOf({ severity }: Finding): number {
  return ranks[severity]
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
