// The indexes an app wants, derived from its configuration and rules, and looked for in a store.
import { afterAll, describe, expect, test } from "vitest"
import { parseRules } from "../../../engine/index.ts"
import { directoryIndexes, openStore } from "../../../server/index.ts"
import { wantedIndexes } from "../../../server/operations/index.ts"
import { join } from "node:path"
import { temporaryFolder, worktracker } from "../../support/serve.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

function fieldsOf(rules: Record<string, unknown>): string[] {
  const raw = { database: "d", collection: "c", roles: [], filters: [], ...rules }
  const problems = { errors: [], warnings: [] }
  parseRules(raw, { kind: "collection", problems })
  expect(problems.errors).toEqual([])
  const source = { name: "s", type: "mongodb-atlas" as const, config: {}, defaultRule: undefined, collections: [{ database: "d", collection: "c", rules: { file: "rules.json", raw }, schema: undefined, relationships: undefined }] }
  return wantedIndexes({ customUserData: undefined, dataSources: new Map([["s", source]]) }).map(({ field }) => field)
}

const role = (applyWhen: unknown, more: object = {}): Record<string, unknown> => ({ roles: [{ name: "r", apply_when: applyWhen, read: true, write: true, ...more }] })

describe("rules ask for an index", () => {
  for (const [why, rules, fields] of [
    ["on a field that equals something of the user", role({ owner: "%%user.id" }), ["owner"]],
    ["also written the other way round", role({ "%%user.id": "%%root.owner" }), ["owner"]],
    ["on a path", role({ "team.id": { $in: "%%user.custom_data.teams" } }), ["team.id"]],
    ["on each of several fields, one by one", role({ team: "%%user.custom_data.team", status: "open" }), ["team", "status"]],
    ["on all alternatives", role({ "%or": [{ owner: "%%user.id" }, { team: "red" }] }), ["owner", "team"]],
    ["on none where one alternative looks at everything", role({ "%or": [{ owner: "%%user.id" }, { size: { $gt: 3 } }] }), []],
    ["on none for a comparison of two fields", role({ owner: "%%root.author" }), []],
    ["on none for a condition on the user alone", role({ "%%user.custom_data.role": "lead" }), []],
    ["on none where `_id` finds the document", role({ _id: "%%user.id", team: "red" }), []],
    ["on the field of a filter", { filters: [{ name: "f", apply_when: {}, query: { owner: "%%user.id", title: { $regex: "^a" } } }] }, ["owner"]],
    ["once for two roles", { roles: [{ name: "a", apply_when: { owner: "%%user.id" }, read: true }, { name: "b", apply_when: { owner: "%%user.data.email" }, read: true }] }, ["owner"]],
  ] as const) {
    test(why, () => {
      expect(fieldsOf(rules)).toEqual(fields)
    })
  }
})

test("what an app wants is looked for, told as commands, and made when asked", async () => {
  const data = { file: join(folder.path, "indexes.sqlite") }
  const states = async (create: boolean): Promise<string[]> => (await directoryIndexes({ directory: worktracker, data, create })).map(({ state }) => state)
  const { store } = await openStore(data)
  // An index over more than the field does not serve the lookup of custom user data; it does serve rules.
  await store.ensureIndex({ database: "tracker", collection: "members" }, { keys: { user_id: 1, team: 1 } })
  await store.ensureIndex({ database: "tracker", collection: "tasks" }, { keys: { team: 1, title: 1 } })
  await store.close()
  const wanted = await directoryIndexes({ directory: worktracker })
  expect(wanted.every(({ state }) => state === "unknown")).toBe(true)
  expect(wanted[0]).toMatchObject({ purpose: "custom-data", command: 'db.getSiblingDB("tracker").getCollection("members").createIndex({"user_id":1})' })
  const found = await directoryIndexes({ directory: worktracker, data })
  expect(found.map(({ namespace, field, state }) => `${namespace.collection}.${field}: ${state}`)).toEqual(expect.arrayContaining(["members.user_id: missing", "tasks.team: there"]))
  expect(await states(true)).toContain("created")
  expect(new Set(await states(false))).toEqual(new Set(["there"]))
})
