// `npm run mutate:regressions [-- R4 …] [-- --mongodb]`: puts each of the faults R1 to R24 back into a copy of the tree and checks that
// exactly the test of its name fails; with `--mongodb` on the MongoDB store too. Prints the table of docs/mutation.md.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { copyTree } from "./copy-tree.ts"
import { faults, type Fault } from "./regressions.ts"
import { survey } from "./workers.ts"

const suites = ["test/server/rules-http/embedded.test.ts", ...(process.argv.includes("--mongodb") ? ["test/server/rules-http/mongodb.test.ts"] : [])]
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))
const tree = copyTree()
let isProven = true

for (const suite of suites) {
  const failing = await failingNames(suite)
  if (failing.length > 0) throw new Error(`Cannot prove anything with ${suite}: it fails without a fault: ${failing.join(", ")}`)
}
for (const fault of faults.filter(({ test }) => wanted.length === 0 || wanted.includes(test))) {
  const restore = putBack(fault)
  const failing = await Promise.all(suites.map(failingNames))
  restore()
  const isExact = failing.every((names) => names.length > 0 && names.every((name) => name === fault.test))
  isProven &&= isExact
  process.stdout.write(`| ${fault.test} | ${fault.what} | \`${fault.edits[0]?.file}\` | ${isExact ? "exactly this test, on " + (suites.length === 2 ? "both stores" : "the embedded store") : `NOT EXACT: ${failing.map((names) => names.join(", ") || "none").join(" / ")}`} |\n`)
}
process.exitCode = isProven ? 0 : 1

/** The names of regressions whose tests fail, each once. */
async function failingNames(suite: string): Promise<string[]> {
  const { failing } = await survey({ tree, targets: [], suites: [suite] })
  return [...new Set(failing.map((name) => /\b(R\d+): /.exec(name)?.[1] ?? name))]
}

/** Writes a fault into the copy; gives back how to take it out. */
function putBack({ test, edits }: Fault): () => void {
  const before = new Map(edits.map(({ file }) => [file, readFileSync(join(tree, file), "utf8")]))
  for (const { file, is, becomes } of edits) {
    const text = readFileSync(join(tree, file), "utf8")
    if (text.split(is).length !== 2) throw new Error(`Cannot put ${test} back: its place is not found once in ${file}`)
    writeFileSync(join(tree, file), text.replace(is, () => becomes))
  }
  return () => {
    for (const [file, text] of before) writeFileSync(join(tree, file), text)
  }
}
