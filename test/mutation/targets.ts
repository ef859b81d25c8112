// What is mutated, and what has to notice.
import { readdirSync } from "node:fs"
import { join, resolve } from "node:path"

/** The top folder. */
export const root = resolve(import.meta.dirname, "../..")

/** The flows of `server/data` that hold sections 8 to 10, 12 and 13 of the specification of rules: targets, changes, inserts, visible reads, events, and how rules come to a request. */
const flows = ["targets", "update", "insert", "visible", "read", "pushed", "bulk", "change", "distinct", "watch", "request", "config", "schema", "refusals", "receipt"].map((name) => `server/data/${name}.ts`)

/** What explains decisions and warns of them, and decides nothing. */
const remarks = /\/(analyse|explain(-[a-z]+)?|left-over|receipt)\.ts$/
const sources = [...sourcesIn("engine/rules"), ...flows, ...sourcesIn("engine/expressions"), ...sourcesIn("engine/schema")]

/** Every file that is mutated: first what decides, then what it is made of, then what tells people about it. */
export const targets: readonly string[] = [...sources.filter((file) => !remarks.test(file)), ...sources.filter((file) => remarks.test(file))]

/** Whether what a file makes outlives the test that made it, so that its mutants need a process each. */
export function isKept(file: string): boolean {
  return /^engine\/expressions\/(fast|generate|shape)\.ts$|^engine\/schema\/formats\.ts$/.test(file)
}

/** Suites that run in one process, test by test. */
export const quickSuites: readonly string[] = [
  "test/conformance/expressions.test.ts", "test/conformance/rules.test.ts", "test/model/expressions.test.ts", ...filesBelow("test/engine", ".test.ts"), ...filesBelow("test/server/data", ".test.ts"),
]

/** The suites that are most likely to notice a mutant of a file. */
export function nearSuites(file: string): readonly string[] {
  if (file.startsWith("engine/expressions/")) return ["test/conformance/expressions.test.ts", ...quickSuites.filter((suite) => suite.startsWith("test/engine/expressions/"))]
  if (file.startsWith("engine/schema/")) return quickSuites.filter((suite) => suite.startsWith("test/engine/schema/"))
  return ["test/conformance/rules.test.ts", ...quickSuites.filter((suite) => suite.startsWith("test/engine/rules/") || suite === "test/server/data/call.test.ts")]
}

/** Suites that are run for what no quick one noticed. */
export const slowSuites: readonly string[] = ["test/server/rules-http/matrix.test.ts", "test/server/rules-http/embedded.test.ts", "test/conformance/app-worktracker-rules.test.ts", "test/server/explain.test.ts"]

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`).toSorted()
}

function sourcesIn(folder: string): string[] {
  return filesBelow(folder, ".ts").filter((file) => !/\/(index|tree|types)\.ts$/.test(file))
}
