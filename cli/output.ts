// Printing: what a person reads. Standard output is for results, standard error for what went wrong.
import { BackstitchError } from "../kernel/index.ts"
import type { Finding } from "../server/index.ts"

/** Prints one line to standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Prints one line to standard error. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Says in one line why the command ended, without a stack trace, and sets exit status 1. An unexpected fault keeps its stack: it is ours. */
export function fail(error: unknown): void {
  process.exitCode = 1
  if (error instanceof BackstitchError) complain(`backstitch: ${error.message}`)
  else if (error instanceof Error) complain(`backstitch: internal error, please report it: ${error.stack ?? error.message}`)
  else complain(`backstitch: internal error, please report it: ${String(error)}`)
}

/** One finding as one line: severity, code, place, message. */
export function findingLine(finding: Finding): string {
  const line = finding.line === undefined ? "" : `:${finding.line}`
  const pointer = finding.pointer === "" ? "" : `#${finding.pointer}`
  return `${finding.severity.padEnd(7)} ${finding.file}${line}${pointer}  ${finding.message}  [${finding.code}]`
}
