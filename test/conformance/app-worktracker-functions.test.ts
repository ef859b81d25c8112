// What worktracker's functions do, with stand-ins for what the runtime gives them; the runtime's own tests run them for real.
import { resolve } from "node:path"
import { compileFunction } from "node:vm"
import { beforeAll, describe, expect, test } from "vitest"
import { noCalls, parseSchema, validateDocument } from "../../engine/index.ts"
import { ObjectId, type Document } from "../../kernel/index.ts"
import { loadApp, type AppModel } from "../../server/app/index.ts"

let app: AppModel
beforeAll(async () => {
  const loaded = await loadApp(resolve(import.meta.dirname, "../../fixtures/apps/worktracker"), { env: {} })
  if (loaded.app === undefined) throw new Error("worktracker did not load")
  app = loaded.app
})

type Guest = (...args: readonly unknown[]) => unknown
const lea = { id: "lea", type: "normal", data: { email: "lea@red.example" }, custom_data: { role: "lead", team: "red" } }
const ben = { id: "ben", type: "normal", data: { email: "ben@red.example" }, custom_data: { role: "member", team: "red" } }

/** A collection of documents that answers by equality, and remembers what is inserted. */
function collectionOf(documents: Document[]): object {
  const matching = (query: Document): Document[] => documents.filter((each) => Object.entries(query).every(([key, value]) => each[key] === value))
  return {
    insertOne: async (document: Document) => {
      documents.push(document)
      return { insertedId: documents.length }
    },
    findOne: async (query: Document) => matching(query)[0] ?? null,
    findOneAndDelete: async (query: Document) => matching(query)[0] ?? null,
    find: (query: Document) => ({ toArray: async () => matching(query) }),
  }
}

function contextFor(user: object, data: Record<string, Document[]>): object {
  const context = {
    user,
    environment: app.environment,
    values: { get: (name: string) => app.values.get(name)?.value },
    services: { get: () => ({ db: () => ({ collection: (name: string) => collectionOf(data[name] ??= []) }) }) },
    functions: { execute: (name: string, ...args: readonly unknown[]) => call(name, context, ...args) },
  }
  return context
}

function call(name: string, context: object, ...args: readonly unknown[]): unknown {
  const source = app.functions.get(name)?.source
  if (source === undefined) throw new Error(`no function ${name}`)
  const guest = compileFunction(`${source}\n;return exports`, ["exports", "context", "require", "console", "BSON"])({}, context, undefined, console, { ObjectId }) as Guest
  return guest(...args)
}

const created = async (user: object, invitations: Document[] = []): Promise<Document | undefined> => {
  const members: Document[] = []
  await call("onUserCreated", contextFor({}, { members, invitations }), user)
  return members[0]
}

describe("a new account", () => {
  test("of a blocked domain is refused, in any case of letters", async () => {
    await expect(created({ id: "u", data: { email: "x@Spam.Example" } })).rejects.toThrow("not welcome")
  })

  test("becomes guest, founder, invited or member", async () => {
    expect(await created({ id: "u", data: {} })).toEqual({ user_id: "u", displayName: "Guest", role: "guest" })
    expect(await created({ id: "u", data: { email: "leo@blue.example" } })).toMatchObject({ user_id: "u", role: "lead", team: "blue", displayName: "leo" })
    expect(await created({ id: "u", data: { email: "a@x.example" } }, [{ email: "a@x.example", role: "lead", team: "green" }])).toMatchObject({ role: "lead", team: "green" })
    expect(await created({ id: "u", data: { email: "a@x.example" } })).toMatchObject({ role: "member", team: "red" })
  })
})

describe("functions of members", () => {
  test("createTask makes a document that the schema admits, with a budget for leads only", async () => {
    const raw = app.dataSources.get("mongodb-atlas")?.collections.find(({ collection }) => collection === "tasks")?.schema?.raw
    const schema = parseSchema(raw, { problems: { errors: [], warnings: [] } })
    for (const user of [lea, ben]) {
      const tasks: Document[] = []
      await call("createTask", contextFor(user, { tasks }), { title: "paint", budget: 10, tags: ["wall"] })
      expect(tasks[0]).toMatchObject({ title: "paint", team: "red", status: "open", assignee: user.id, createdBy: user.id })
      expect(Object.hasOwn(tasks[0] as Document, "budget")).toBe(user === lea)
      expect(validateDocument(schema, { after: { _id: new ObjectId(), ...tasks[0] }, known: { user }, calls: noCalls })).toEqual([])
    }
  })

  test("createTask wants a title", async () => {
    await expect(call("createTask", contextFor(ben, {}), {})).rejects.toThrow("title")
  })

  test("teamReport counts for everybody, and by person for the lead", async () => {
    const tasks = [{ team: "red", status: "open", assignee: "ben", budget: 3 }, { team: "red", status: "done", assignee: "lea" }, { team: "blue", status: "open" }]
    expect(await call("teamReport", contextFor(ben, { tasks }))).toEqual({ team: "red", total: 2, byStatus: { open: 1, doing: 0, done: 1 } })
    expect(await call("teamReport", contextFor(lea, { tasks }))).toEqual({ team: "red", total: 2, byStatus: { open: 1, doing: 0, done: 1 }, byPerson: { ben: 1, lea: 1 }, budget: 3 })
  })

  test("whoAmI shows the custom data of the token", () => {
    expect(call("whoAmI", contextFor(lea, {}))).toEqual({ id: "lea", type: "normal", email: "lea@red.example", role: "lead", team: "red", isLead: true, environment: "development" })
  })
})
