// `npm run test:hostile`: the attacks on the sandbox, which `npm test` runs only where `CI` is `true`.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")
const { status } = spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "test/adversarial", ...process.argv.slice(2)], { cwd: root, stdio: "inherit", env: { ...process.env, HOSTILE: "true" } })
process.exitCode = status ?? 1
