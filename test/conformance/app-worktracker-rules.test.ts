// The promises of worktracker's README, put to the engine with the rules as they are loaded.
import { resolve } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import {
  applyFilters, assignRole, bindRules, CallsWanted, createCallTable, decideDelete, decideInsert, decideRead, decideUpdate, defaultRuleSettings, parseRules, storedScope, type BoundRules, type Rules,
} from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import { loadApp, type AppModel } from "../../server/app/index.ts"

let app: AppModel
beforeAll(async () => {
  const loaded = await loadApp(resolve(import.meta.dirname, "../../fixtures/apps/worktracker"), { env: {} })
  if (loaded.app === undefined) throw new Error("worktracker did not load")
  app = loaded.app
})

type Person = Document & { id: string; custom_data: Document }
const lea: Person = { id: "lea", custom_data: { role: "lead", team: "red" } }
const ben: Person = { id: "ben", custom_data: { role: "member", team: "red" } }
const bea: Person = { id: "bea", custom_data: { role: "member", team: "blue" } }
const leo: Person = { id: "leo", custom_data: { role: "lead", team: "blue" } }
const guest: Person = { id: "guest", custom_data: { role: "guest" } }

function rulesOf(collection: string): Rules {
  const raw = app.dataSources.get("mongodb-atlas")?.collections.find((each) => each.collection === collection)?.rules?.raw
  return parseRules(raw, { kind: "collection", problems: { errors: [], warnings: [] } })
}

/** Puts a question to the rules as a user; `isTeamLead` answers as the function does. */
function ask<Answer>(collection: string, user: Person, question: (rules: BoundRules) => Answer): Answer {
  const calls = createCallTable()
  const bound = bindRules(rulesOf(collection), { user }, calls, defaultRuleSettings)
  for (let round = 0; round < 5; round++) {
    try {
      return question(bound)
    } catch (error) {
      if (!(error instanceof CallsWanted)) throw error
      for (const call of calls.takeWanted()) {
        expect(call.name).toBe("isTeamLead")
        calls.answer(call, { state: "value", value: user.custom_data["role"] === "lead" && call.args[0] === user.custom_data["team"] })
      }
    }
  }
  throw new Error("the rules keep asking")
}

function seen(collection: string, user: Person, document: Document): Document | undefined {
  const decision = ask(collection, user, (rules) => decideRead(rules, document))
  return decision.outcome === "granted" ? decision.document : undefined
}
const inserts = (collection: string, user: Person, document: Document): string => ask(collection, user, (rules) => decideInsert(rules, document, true)).outcome
function changes(collection: string, user: Person, before: Document, change: Document): string {
  return ask(collection, user, (rules) => {
    const role = assignRole(rules, storedScope(before))
    return role === undefined ? "refused" : decideUpdate(rules, role, before, { ...before, ...change }).outcome
  })
}
function deletes(collection: string, user: Person, document: Document): string {
  return ask(collection, user, (rules) => {
    const role = assignRole(rules, storedScope(document))
    return role === undefined ? "refused" : decideDelete(rules, role, document).outcome
  })
}

const task: Document = { _id: 1, title: "paint", team: "red", status: "open", assignee: "ben", createdBy: "lea", budget: 100 }
const own: Document = { _id: 2, title: "sweep", team: "red", status: "open", assignee: "ben", createdBy: "ben" }

describe("tasks", () => {
  test("are seen by their team only, the budget by its lead only", () => {
    expect(seen("tasks", lea, task)).toEqual(task)
    expect(seen("tasks", ben, task)).toEqual({ _id: 1, title: "paint", team: "red", status: "open", assignee: "ben", createdBy: "lea" })
    for (const other of [bea, leo, guest]) expect(seen("tasks", other, task)).toBeUndefined()
  })

  test("are made by members in their own team and their own name", () => {
    expect(inserts("tasks", ben, own)).toBe("granted")
    expect(inserts("tasks", ben, { ...own, team: "blue" })).toBe("refused")
    expect(inserts("tasks", ben, { ...own, createdBy: "lea" })).toBe("refused")
    expect(inserts("tasks", ben, { ...own, budget: 5 })).toBe("refused")
    expect(inserts("tasks", lea, { ...own, budget: 5 })).toBe("granted")
    expect(inserts("tasks", guest, own)).toBe("refused")
  })

  test("are changed by who is to do them or made them, and by the lead", () => {
    expect(changes("tasks", ben, task, { status: "done", closedBy: "ben" })).toBe("granted")
    expect(changes("tasks", ben, { ...task, assignee: "lea" }, { status: "done" })).toBe("refused")
    expect(changes("tasks", ben, task, { budget: 1 })).toBe("refused")
    expect(changes("tasks", ben, task, { createdBy: "ben" })).toBe("refused")
    expect(changes("tasks", lea, task, { budget: 1, assignee: "lea" })).toBe("granted")
    for (const other of [bea, leo, guest]) expect(changes("tasks", other, task, { status: "done" })).toBe("refused")
  })

  test("do not move to another team", () => {
    for (const each of [lea, ben, leo]) expect(changes("tasks", each, task, { team: "blue" })).toBe("refused")
  })

  test("are deleted by the lead, or by a member who made them", () => {
    expect(deletes("tasks", lea, task)).toBe("granted")
    expect(deletes("tasks", ben, own)).toBe("granted")
    expect(deletes("tasks", ben, task)).toBe("refused")
    expect(deletes("tasks", leo, task)).toBe("refused")
  })

  test("are filtered to the team before the roles are asked", () => {
    expect(ask("tasks", ben, applyFilters)).toMatchObject({ query: { team: { $eq: "red" } } })
    expect(ask("tasks", guest, applyFilters)).toMatchObject({ query: {} })
  })
})

describe("comments", () => {
  const comment: Document = { _id: 1, task: 1, team: "red", author: "ben", text: "done soon" }

  test("are read by the team, written by their author", () => {
    expect(seen("comments", lea, comment)).toEqual(comment)
    expect(seen("comments", ben, comment)).toEqual(comment)
    expect(seen("comments", bea, comment)).toBeUndefined()
    expect(inserts("comments", ben, comment)).toBe("granted")
    expect(inserts("comments", ben, { ...comment, author: "lea" })).toBe("refused")
    expect(inserts("comments", lea, { ...comment, author: "lea" })).toBe("granted")
    expect(inserts("comments", lea, comment)).toBe("refused")
    expect(changes("comments", ben, comment, { text: "done" })).toBe("granted")
    expect(changes("comments", lea, comment, { text: "never" })).toBe("refused")
  })

  test("are deleted by their author and by the lead of the team", () => {
    expect(deletes("comments", ben, comment)).toBe("granted")
    expect(deletes("comments", lea, comment)).toBe("granted")
    expect(deletes("comments", leo, comment)).toBe("refused")
    expect(deletes("comments", { ...ben, id: "bob" }, comment)).toBe("refused")
  })
})

describe("teams and members", () => {
  const team: Document = { _id: "red", name: "Red", motto: "on time" }
  const member: Document = { _id: 1, user_id: "ben", displayName: "Ben", email: "ben@red.example", role: "member", team: "red" }

  test("guests and other teams see names of teams only", () => {
    for (const other of [guest, bea]) expect(seen("teams", other, team)).toEqual({ _id: "red", name: "Red" })
    expect(seen("teams", ben, team)).toEqual(team)
    expect(changes("teams", lea, team, { motto: "early" })).toBe("granted")
    expect(changes("teams", lea, team, { name: "Crimson" })).toBe("refused")
    expect(changes("teams", ben, team, { motto: "early" })).toBe("refused")
  })

  test("members see their whole document and may change their name in it, never role or team", () => {
    expect(seen("members", ben, member)).toEqual(member)
    expect(changes("members", ben, member, { displayName: "Benno" })).toBe("granted")
    for (const change of [{ role: "lead" }, { team: "blue" }, { user_id: "lea" }]) {
      expect(changes("members", ben, member, change)).toBe("refused")
      expect(changes("members", lea, member, change)).toBe("refused")
    }
  })

  test("colleagues see no address, strangers see nothing, nobody inserts or deletes", () => {
    expect(seen("members", { ...ben, id: "bob" }, member)).toEqual({ user_id: "ben", displayName: "Ben", role: "member", team: "red" })
    expect(seen("members", lea, member)).toEqual(member)
    for (const other of [bea, guest]) expect(seen("members", other, member)).toBeUndefined()
    for (const each of [ben, lea, guest]) {
      expect(inserts("members", each, { ...member, user_id: each.id })).toBe("refused")
      expect(deletes("members", each, { ...member, user_id: each.id })).toBe("refused")
    }
  })
})
