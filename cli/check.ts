// `backstitch check <directory>`
import { checkDirectory } from "../server/index.ts"
import { findingLine, print } from "./output.ts"
import { readSecrets } from "./secrets.ts"

/** Prints the findings of an app directory; exit status 1 on errors only. With `json`, one document for machines, also when the directory is no app. */
export async function check(directory: string, options: { readonly json?: boolean; readonly secrets?: string }): Promise<void> {
  const { app, findings } = await checkDirectory(directory, await readSecrets(options.secrets))
  if (findings.some(({ severity }) => severity === "error")) process.exitCode = 1
  if (options.json === true) {
    const rows = findings.map(({ severity, code, file, pointer, message, line, column }) => ({ severity, code, file, pointer, message, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) }))
    print(JSON.stringify({ app, findings: rows }, null, 2))
    return
  }
  for (const finding of findings) print(findingLine(finding))
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length
  const name = app === null ? "no app" : `${app.clientAppId} (format ${app.version})`
  print(`${name}: ${count("error")} errors, ${count("warning")} warnings, ${count("info")} remarks`)
}
