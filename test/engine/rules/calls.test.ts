// Which functions a decision calls (specification of rules, 3.2): those without which it is open, and no others.
import { expect, test } from "vitest"
import { bindRules, CallsWanted, createCallTable, decideRead, defaultRuleSettings, parseRules } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"

const call = (name: string): object => ({ "%%true": { "%function": { name, arguments: [] } } })
const roles = [{ name: "r", apply_when: { $or: [call("isEditor"), { public: true }] }, read: call("mayRead") }]

test.each<[Document, string[]]>([[{ _id: 1, public: true }, ["mayRead"]], [{ _id: 1, public: false }, ["isEditor"]]])("of %j: %j", (document, wanted) => {
  const calls = createCallTable()
  const rules = bindRules(parseRules({ roles }, { kind: "collection", problems: { errors: [], warnings: [] } }), { user: { id: "u1" } }, calls, defaultRuleSettings)
  expect(() => decideRead(rules, document)).toThrow(CallsWanted)
  expect(calls.takeWanted().map(({ name }) => name)).toEqual(wanted)
})
