// `backstitch users import`, killed in the middle again and again: repeating it makes whole what was cut short, and nothing twice.
import { spawn } from "node:child_process"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { hashSync } from "bcryptjs"
import { afterAll, expect, test } from "vitest"
import type { Document } from "../../kernel/index.ts"
import { openOperator } from "../../server/index.ts"
import { serveInProcess } from "../support/in-process.ts"
import { root, temporaryFolder, worktracker } from "../support/serve.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())
const data = join(folder.path, "moved.sqlite")
const kills = process.env["CI"] === "true" ? 25 : 8
const count = 600

const hex = (index: number): string => index.toString(16).padStart(24, "0")
const hash = hashSync("the old password", 4)

/** Users of every shape, and after each hundred of them one that cannot be imported. */
const rows = Array.from({ length: count }, (_, index): Document => {
  const local = { id: hex(10_000 + index), provider_type: "local-userpass", provider_data: { email: `u${index}@example.com` } }
  const custom = { id: `kim-${index}`, provider_type: "custom-token", provider_data: { name: `Kim ${index}` } }
  if (index % 100 === 99) return { _id: hex(index), email: "u0@example.com" }
  return { _id: hex(index), creation_date: 1_700_000_000 + index, password_hash: hash, identities: index % 3 === 0 ? [local] : index % 3 === 1 ? [local, custom] : [custom] }
})
const good = rows.filter(({ identities }) => identities !== undefined)

interface Ran { readonly code: number | null; readonly stdout: string }

/** Feeds the rows one by one; after `until` of them the process is killed, a moment later. */
async function importRows(until = Infinity, moment = 0): Promise<Ran> {
  const child = spawn(process.execPath, ["cli/main.ts", "users", "import", worktracker, "-", "--data", data], { cwd: root, stdio: ["pipe", "pipe", "ignore"] })
  let stdout = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  child.stdin.on("error", () => undefined)
  const ended = new Promise<number | null>((done) => child.on("close", (code) => done(code)))
  for (const [index, row] of rows.entries()) {
    if (index >= until) break
    if (!child.stdin.write(`${JSON.stringify(row)}\n`)) await new Promise((done) => child.stdin.once("drain", done))
  }
  if (until === Infinity) child.stdin.end()
  else {
    await sleep(moment)
    child.kill("SIGKILL")
  }
  return { code: await ended, stdout }
}

/** All users there are, by id. */
async function users(): Promise<ReadonlyMap<string, Document>> {
  const operator = await openOperator({ directory: worktracker, data: { file: data } })
  try {
    const found = new Map<string, Document>()
    for (let page = await operator.users.list(); page.length > 0; page = await operator.users.list({ after: page.at(-1)?.["_id"] as string })) for (const user of page) found.set(user["_id"] as string, user)
    return found
  } finally {
    await operator.close()
  }
}

test("an import that was killed at any row is completed by repeating it", { timeout: 300_000 }, async () => {
  // The store exists before anything is killed.
  await (await serveInProcess({ data: { file: data } })).close()
  const grown: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    // A process needs about a second until it reads; after that rows take a few milliseconds each.
    await importRows(Math.ceil(((kill + 1) / kills) * count * Math.random()), 500 + Math.random() * 1500)
    grown.push((await users()).size)
  }
  expect(grown).toEqual(grown.toSorted((a, b) => a - b))
  expect(grown.at(-1)).toBeGreaterThan(0)

  const { code, stdout } = await importRows()
  const lines = stdout.trimEnd().split("\n")
  const refused = [100, 200, 300, 400, 500, 600].map((line) => `line ${line} (${hex(line - 1)}): name already in use`)
  expect([code, lines.slice(0, -1).toSorted()]).toEqual([1, refused.toSorted()])
  const [, imported = "", kept = ""] = /^imported (\d+), there already (\d+), refused 6$/.exec(lines.at(-1) ?? "") ?? []
  expect(Number(imported) + Number(kept)).toBe(good.length)

  const there = await users()
  expect([...there.keys()].toSorted()).toEqual(good.map(({ _id: id }) => id as string).toSorted())
  for (const { _id: id, identities, creation_date: created } of good) {
    const wanted = (identities as Document[]).map(({ id: identity, provider_type: type, provider_data: metadata }) => ({ id: identity, provider_type: type, provider_data: metadata }))
    expect(there.get(id as string)).toMatchObject({ creation_date: created, identities: wanted })
  }
  const served = await serveInProcess({ data: { file: data } })
  try {
    for (const index of [0, 1, 300, 301, 597]) {
      const reply = await served.call("POST", "{app}/auth/providers/local-userpass/login", { body: { username: `u${index}@example.com`, password: "the old password" } })
      expect([reply.status, await reply.json()]).toMatchObject([200, { user_id: hex(index) }])
    }
  } finally {
    await served.close()
  }
})
