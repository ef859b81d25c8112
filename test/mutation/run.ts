// `node test/mutation/run.ts [file …] [--from=n] [--every=n]`: mutates the engine in a copy of the tree, runs the suites on each mutant, and prints
// those that no suite noticed. Minutes to hours; docs/mutation.md holds the last run.
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { mutantsOf, type Mutant } from "./mutants.ts"
import { suitesFor, targets } from "./targets.ts"

const root = resolve(import.meta.dirname, "../..")
const parts = ["kernel", "engine", "runtime", "server", "cli", "test", "fixtures", "docs", "package.json", "tsconfig.json", "vitest.config.ts"]
const option = (name: string, otherwise: number): number => Number(process.argv.find((each) => each.startsWith(`--${name}=`))?.split("=")[1] ?? otherwise)
const wanted = process.argv.slice(2).filter((each) => !each.startsWith("--"))
const files = wanted.length === 0 ? targets : wanted

const copy = mkdtempSync(join(tmpdir(), "backstitch-mutants-"))
process.once("exit", () => rmSync(copy, { recursive: true, force: true }))
for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !path.includes("node_modules") || path.includes("fixtures") })
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Whether some suite fails. A run that takes too long counts: an endless loop is noticed. */
function isNoticed(file: string): boolean {
  return suitesFor(file).some((paths) => spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--bail=1", "--reporter=dot", "--no-isolate", "--no-file-parallelism", "-t", "^(?!.*hundred thousand)", ...paths], { cwd: copy, stdio: "ignore", timeout: 180_000 }).status !== 0)
}

if (files.length === 0 || isNoticed(files[0] as string)) {
  print("the suites fail without any mutant")
  process.exit(1)
}
const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(copy, file), "utf8")))
const chosen = all.filter((_, at) => at >= option("from", 0) && at % option("every", 1) === 0)
print(`${chosen.length} mutants of ${files.length} files`)
const survivors: Mutant[] = []
for (const [at, mutant] of chosen.entries()) {
  const original = readFileSync(join(copy, mutant.file), "utf8")
  writeFileSync(join(copy, mutant.file), mutant.text)
  const noticed = isNoticed(mutant.file)
  writeFileSync(join(copy, mutant.file), original)
  if ((at + 1) % 10 === 0) print(`${at + 1} of ${chosen.length}`)
  if (noticed) continue
  survivors.push(mutant)
  print(`survived (${at + 1} of ${chosen.length}) ${mutant.file}:${mutant.line}  ${mutant.change}`)
}
print(`${chosen.length - survivors.length} of ${chosen.length} noticed`)
