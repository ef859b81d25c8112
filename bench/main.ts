// `npm run bench [name …]`: measurements side by side with a floor or a peer in the same run. Numbers and ratios are printed; nothing gates.
import { readdirSync } from "node:fs"
import { join } from "node:path"

const names = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.ts$/.test(file) && file !== "main.ts").map((file) => file.slice(0, -3)).toSorted()
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("-"))
const unknown = wanted.filter((name) => !names.includes(name))

if (unknown.length > 0) {
  console.error(`no benchmark named ${unknown.join(", ")}; there are: ${names.join(", ")}`)
  process.exitCode = 1
} else {
  for (const name of wanted.length === 0 ? names : wanted) {
    const { run } = (await import(join(import.meta.dirname, `${name}.ts`))) as { run: () => Promise<void> }
    console.log(`\n# ${name}`)
    await run()
  }
}
