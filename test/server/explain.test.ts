// The library side of `explain`: secrets stay away, receipts say what is left over and why, clients are told next to nothing.
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { ObjectId, type Document } from "../../kernel/index.ts"
import { explanationForClient } from "../../server/data/index.ts"
import { explainDirectory, type ExplainOptions } from "../../server/index.ts"
import { secretMasker } from "../../server/mask-secrets.ts"
import { regressionsApp } from "./rules-http/world.ts"

const secret = "64b1f0c2a7d93e5b8c214abc"
const user = { id: "64b1f0c2a7d93e5b8c214f06", custom_data: { level: 3 } }
let directory: string

const roles = [
  { name: "by text", apply_when: { code: "%%values.key" }, read: true },
  { name: "by id", apply_when: { code: { "%stringToOid": "%%values.key" } }, read: true },
  { name: "by part", apply_when: { code: { $in: ["%%values.key", "x"] } }, read: true },
  { name: "by function", apply_when: { "%%true": { "%function": { name: "reveal", arguments: ["%%root.code"] } } }, read: true },
  { name: "nested", apply_when: { kind: "nested" }, fields: { address: { fields: { city: { read: { "%%this": { $ne: "%%values.key" } } }, zip: { write: false }, code: { read: { "%%this": "%%values.key" } } } } } },
  { name: "mine", apply_when: { owner_id: "%%user.id", $or: [{ a: "%%root.b" }, { "tags.0": "x" }, { n: { $mod: [2, 0] } }] }, read: true, write: false },
]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "backstitch-explain-"))
  await cp(regressionsApp, directory, { recursive: true })
  await writeFile(join(directory, "data_sources/mongodb-atlas/app/r01/rules.json"), JSON.stringify({ database: "app", collection: "r01", roles, filters: [{ name: "low", apply_when: {}, query: { level: "%%user.custom_data.level" } }] }))
  await writeFile(join(directory, "values/key.json"), JSON.stringify({ name: "key", value: "theKey", from_secret: true }))
  await writeFile(join(directory, "functions/reveal.js"), 'exports = (code) => `${context.values.get("key")} is not ${code}`;')
  await writeFile(join(directory, "functions/config.json"), JSON.stringify([{ name: "reveal", private: true }]))
})

afterAll(() => rm(directory, { recursive: true }))

const ask = (question: ExplainOptions["question"]): ReturnType<typeof explainDirectory> =>
  explainDirectory({ directory, user, service: "mongodb-atlas", namespace: { database: "app", collection: "r01" }, question, secrets: { theKey: secret } })

test("no explanation and no receipt holds a secret, as text, as what it was converted to, or as what a function makes of it", async () => {
  const explained = await ask({ operation: "read", document: { _id: 1, code: `has ${secret} in it`, id: new ObjectId(secret), [secret]: 1 } })
  expect(explained.admitted).toBe(false)
  const text = JSON.stringify(explained.explanation)
  expect(text).not.toContain(secret)
  expect(text).toContain("(secret)")
  expect(((explained.explanation?.["tried"] ?? []) as Document[]).map(({ role }) => role)).toEqual(["by text", "by id", "by part", "by function", "nested", "mine"])
  const receipt = await ask({ operation: "find", filter: {} })
  expect(receipt.admitted).toBe(true)
  expect(JSON.stringify(receipt)).not.toContain(secret)
  expect(JSON.stringify(receipt)).toContain("(secret)")
})

test("nested fields: why each is hidden, as plain values and without secrets", async () => {
  const { admitted, explanation } = await ask({ operation: "read", document: { kind: "nested", address: { city: secret, zip: "1", code: "x", street: "y" } } })
  expect(admitted).toBe(false)
  expect(explanation).not.toHaveProperty("omitted")
  expect(explanation?.["fields"]).toEqual([
    { field: "kind", entry: "none", shown: "hidden", permissions: [] },
    { field: "address", entry: "fields", shown: "hidden", permissions: [] },
    { field: "address.city", entry: "fields", shown: "hidden", permissions: [{ name: "read", result: false, failing: {
      pointer: "/roles/4/fields/address/fields/city/read/%%this/$ne", operator: "eq", needed: false, result: true, reason: "%%this does not pass",
      subject: { text: "%%this", value: "(secret)", type: "string" }, operand: { text: "%%values.key", value: "(secret)", type: "string" },
    } }] },
    { field: "address.zip", entry: "fields", shown: "hidden", permissions: [{ name: "write", result: false, failing: { pointer: "/roles/4/fields/address/fields/zip/write", operator: "constant", needed: true, result: false, reason: "this part is always false" } }] },
    { field: "address.code", entry: "fields", shown: "hidden", permissions: [{ name: "read", result: false, failing: {
      pointer: "/roles/4/fields/address/fields/code/read/%%this", operator: "eq", needed: true, result: false, reason: "%%this does not pass",
      subject: { text: "%%this", value: "x", type: "string" }, operand: { text: "%%values.key", value: "(secret)", type: "string" },
    } }] },
    { field: "address.street", entry: "none", shown: "hidden", permissions: [] },
  ])
})

test("a receipt says what is left over and why", async () => {
  const { explanation } = await ask({ operation: "find", filter: {} })
  const parts = ((explanation?.["roles"] ?? []) as Document[]).map(({ role, parts: all }) => [role, (all as Document[])[0]?.["leftOver"]])
  expect(parts).toMatchObject([
    ["by text", []], ["by id", []], ["by part", []],
    ["by function", [{ pointer: "/roles/3/apply_when/%%true", reason: expect.stringContaining("function") }]],
    ["nested", []],
    ["mine", [{ pointer: "/roles/5/apply_when/$or/0/a", reason: expect.stringContaining("two places") }, { reason: expect.stringContaining("number in a path") }, { reason: expect.stringContaining("$mod") }]],
  ])
  expect(explanation).toMatchObject({ exact: false, filters: [{ name: "low", applies: true, query: { level: { $eq: 3 } } }] })
})

test("a store that can say names its index", async () => {
  const { explanation } = await ask({ operation: "find", filter: { _id: 5 } })
  expect(explanation?.["plan"]).toEqual({ index: null, sorted: true })
})

test("a client is told an outcome, a code and a role", () => {
  const told = explanationForClient({ operation: "update", tried: [], assigned: "mine", decision: { outcome: "refused", because: "field-forbids", field: "salary" }, permissions: [], fields: [] })
  expect(told).toEqual({ outcome: "refused", code: "field-forbids", role: "mine" })
})

test("secrets are masked in every spelling, and nothing else is", () => {
  const mask = secretMasker(["AbCd-1234", "5", ""])
  expect(mask({ a: "abcd1234", b: ["x AbCd-1234 y", 5, 55, "5", "15"], "AbCd-1234": null, c: Buffer.from("AbCd-1234").toString("hex") })).toEqual({ a: "(secret)", b: ["x (secret) y", "(secret)", 55, "(secret)", "15"], "(secret)": null, c: Buffer.from("AbCd-1234").toString("hex") })
})
