import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, test } from "vitest"
import { findingCodes } from "../../../server/app/index.ts"

test("docs/findings.md lists every code of this folder with its meaning, and no other", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../../docs/findings.md"), "utf8")
  const table = text.slice(text.indexOf("## Codes of the directory"), text.indexOf("## Codes of rules"))
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \| (?:error|warning|info)(?:, (?:warning|info))* \| (.+) \|$/gm)].map(([, code, meaning]) => [code, meaning])
  expect(rows).toEqual(Object.entries(findingCodes))
})
