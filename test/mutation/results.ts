// What earlier runs found: a mutant that was noticed is not judged again as long as its file stays as it is, one that was not is not put to
// the same tests again as long as these stay as they are.
import { createHash } from "node:crypto"
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** What stands for the name of a test where only the time told, twice. Once is not believed: earlier runs noted that as "time". */
export const byTime = "time, twice"

/** One line of the file. `step` and `tests`: what did not notice it, and in which state. */
interface Result { readonly key: string; readonly noticedBy: string | null; readonly step?: string; readonly tests?: string }

export interface Results {
  isNoticed(key: string): boolean
  /** Whether a mutant has been through a step without being noticed. */
  isThrough(key: string, step: string): boolean
  note(key: string, step: string, noticedBy: string | null): void
}

/** Opens the results; `afresh` looks at none of those that are there. */
export function openResults(file: string, tree: string, afresh: boolean): Results {
  const tests = digestOf(["test", "fixtures"].map((folder) => join(tree, folder)))
  const noticed = new Set<string>()
  const through = new Set<string>()
  const take = ({ key, noticedBy, step, tests: state }: Result): void => {
    if (noticedBy === "time") return
    if (noticedBy !== null) noticed.add(key)
    else if (state === tests) through.add(`${step} ${key}`)
  }
  if (!afresh && existsSync(file)) for (const line of readFileSync(file, "utf8").trim().split("\n")) take(JSON.parse(line) as Result)
  mkdirSync(dirname(file), { recursive: true })
  return {
    isNoticed: (key) => noticed.has(key),
    isThrough: (key, step) => through.has(`${step} ${key}`),
    note: (key, step, noticedBy) => appendFileSync(file, `${JSON.stringify({ key, noticedBy, ...(noticedBy === null ? { step, tests } : {}) } satisfies Result)}\n`),
  }
}

function digestOf(folders: readonly string[]): string {
  const hash = createHash("sha256")
  for (const folder of folders) {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(ts|json|js)$/.test(name) && !name.startsWith("mutation/")).toSorted()
    for (const name of names) hash.update(name).update(readFileSync(join(folder, name)))
  }
  return hash.digest("hex").slice(0, 16)
}
