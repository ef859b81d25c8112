// The guest programs of the attacks, one a file; the first line of each says what may become of it.
import { readdirSync, readFileSync } from "node:fs"
import type { Json } from "../../kernel/index.ts"
import type { CallLimits } from "../../runtime/index.ts"

/** The first line of a program: what may become of it. */
export interface Expectation {
  /** `returned`, `threw`, or `terminated:<reason>`. */
  readonly expect: readonly string[]
  readonly limits?: Partial<CallLimits>
  readonly args?: readonly Json[]
  readonly result?: string
  readonly message?: string
  readonly code?: string
  /** At least so many console lines, and never more than 25. */
  readonly logs?: number
  readonly identity?: string
  /** Needs what only a server has (a network, data); the argument is the server's port. */
  readonly needsServer?: boolean
}

export interface Program { readonly name: string; readonly source: string; readonly expected: Expectation }

const folder = new URL("./programs/", import.meta.url)

/** All of them, by name. */
export const programs: readonly Program[] = readdirSync(folder).filter((file) => file.endsWith(".js")).map((file) => {
  const source = readFileSync(new URL(file, folder), "utf8")
  return { name: file.slice(0, -3), source, expected: JSON.parse(source.slice(3, source.indexOf("\n"))) as Expectation }
})
