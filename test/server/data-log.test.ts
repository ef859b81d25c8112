// What a served app logs of requests under rules, and the setting for null types, as an operator gets them.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { isDocument, type Document } from "../../kernel/index.ts"
import { changedApp, type ChangedApp } from "../support/changed-app.ts"
import { openRulesWorld, regressionsApp, type RulesWorld } from "./rules-http/world.ts"

const folder = "data_sources/mongodb-atlas/app/r15"
const roles = [
  { name: "owner", apply_when: { owner_id: "%%user.id" }, read: true, write: true },
  { name: "reader", apply_when: { public: true }, fields: { _id: { read: true }, title: { read: true, write: true } } },
]
const schema = { bsonType: "object", properties: { title: { bsonType: "string" } } }

let app: ChangedApp
let world: RulesWorld

beforeAll(async () => {
  app = await changedApp(regressionsApp, { [`${folder}/rules.json`]: { database: "app", collection: "r15", roles, filters: [] }, [`${folder}/schema.json`]: schema })
  world = await openRulesWorld({ memory: true }, app.directory)
})

afterAll(async () => {
  await world.close()
  await app.remove()
})

/** The log lines that the data service wrote during some work. */
async function linesOf(work: () => Promise<unknown>): Promise<Document[]> {
  const from = world.logged.length
  await work()
  return world.logged.slice(from).map((line) => JSON.parse(line) as Document).filter(({ msg }) => msg === "data" || msg === "data refused")
}

function rolesIn(line: Document | undefined): unknown {
  const { rule_metrics: metrics } = line ?? {}
  return isDocument(metrics) ? metrics : undefined
}

describe("the log of a served app", () => {
  test("has `rule_metrics` for each operation under rules, with roles, fields and documents that no role speaks of", async () => {
    const person = await world.person()
    await world.seed("r15", [
      { _id: 1, owner_id: person.id, title: "mine", note: "secret-note" },
      { _id: 2, owner_id: "V", title: "theirs", note: "secret-note", public: true },
      { _id: 3, owner_id: "V", title: "hidden" },
    ])
    const [found] = await linesOf(() => person.value("r15", "find"))
    expect(found).toMatchObject({ operation: "find", msg: "data" })
    expect(rolesIn(found)).toEqual({ namespaces_metrics: { "app.r15": {
      roles: { owner: { matching_documents: 1, evaluated_fields: 0, discarded_fields: 0 }, reader: { matching_documents: 1, evaluated_fields: 5, discarded_fields: 3 } },
      no_matching_role: 0,
    } } })
    const others = await linesOf(async () => {
      await person.value("r15", "count")
      await person.value("r15", "distinct", { field: "title" })
      await person.value("r15", "aggregate", { pipeline: [{ $match: { title: "mine" } }] })
      await person.value("r15", "insertOne", { document: { owner_id: person.id, title: "new" } })
      await person.value("r15", "updateOne", { query: { title: "new" }, update: { $set: { title: "newer" } } })
      await person.value("r15", "deleteOne", { query: { title: "newer" } })
    })
    expect(others.map(({ operation }) => operation)).toEqual(["count", "distinct", "aggregate", "insertOne", "updateOne", "deleteOne"])
    // What the database counted under several roles at once is told of no role.
    expect(rolesIn(others[0])).toEqual({ namespaces_metrics: { "app.r15": { roles: {}, no_matching_role: 0 } } })
    for (const line of others.slice(1)) expect(JSON.stringify(rolesIn(line))).toContain('"owner":{"matching_documents":')
    expect(world.logged.join("")).not.toContain("secret-note")
  })

  test("says why a write was refused, which its client is not told", async () => {
    const person = await world.person()
    await world.seed("r15", [{ _id: 1, owner_id: person.id, title: "mine" }, { _id: 2, owner_id: "V", title: "theirs", public: true }])
    const refusals: [action: string, argument: Document, code: string, reason: string][] = [
      ["updateOne", { query: { _id: 2 }, update: { $set: { n: 1 } } }, "NoMatchingRuleFound", "field-forbids (role `reader`) at field `n`"],
      ["updateOne", { query: { _id: 1 }, update: { $set: { title: 5 } } }, "SchemaValidationFailedWrite", "title: invalid_type"],
      ["insertOne", { document: { owner_id: person.id, title: 5 } }, "SchemaValidationFailedWrite", "title: invalid_type"],
      ["insertMany", { documents: [{ owner_id: "V" }] }, "NoMatchingRuleFound", "no-role-applies"],
    ]
    for (const [action, argument, code, reason] of refusals) {
      const lines = await linesOf(async () => {
        const { status, value } = await person.call("r15", action, argument)
        expect([status, value]).toEqual([400, { error: `${action.slice(0, 6)} not permitted`, error_code: code }])
      })
      expect(lines).toMatchObject([{ operation: action, code, reason, msg: "data refused", level: 40 }])
    }
  })
})

test("`data.nullTypes` lets optional fields with a type be null, and nothing else does", async () => {
  const insert = { document: { title: null } }
  const strict = await (await world.person()).call("r15", "insertOne", { document: { ...insert.document, owner_id: "V" } })
  expect(strict.status).toBe(400)
  for (const [nullTypes, status] of [[true, 200], [false, 400]] as const) {
    const other = await openRulesWorld({ memory: true }, app.directory, { data: { nullTypes } })
    try {
      const person = await other.person()
      expect((await person.call("r15", "insertOne", { document: { title: null, owner_id: person.id } })).status).toBe(status)
    } finally {
      await other.close()
    }
  }
})
