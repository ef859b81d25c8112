// Mutants that change nothing anybody could notice, with the reason: `equivalent/<path of the file, with dashes>.json`.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Mutant } from "./mutants.ts"
import { root } from "./targets.ts"

/** Mutants of one file for one reason. `mutants`: the text of the line, without what surrounds it, and the change as the run prints it. */
export interface Equivalents { readonly because: string; readonly mutants: readonly (readonly [line: string, change: string])[] }

/** What is listed of a file. */
export function equivalentsOf(file: string): readonly Equivalents[] {
  const path = join(root, "test/mutation/equivalent", `${file.replaceAll("/", "-").replace(/\.ts$/, "")}.json`)
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Equivalents[]) : []
}

/** Whether a mutant of a file is listed. */
export function listed(file: string, source: string): (mutant: Pick<Mutant, "line" | "change">) => boolean {
  const lines = source.split("\n")
  const known = new Set(equivalentsOf(file).flatMap(({ mutants }) => mutants.map(([line, change]) => `${line}\n${change}`)))
  return ({ line, change }) => known.has(`${lines[line - 1]?.trim()}\n${change}`)
}
