// Which functions a request calls (specification of rules, 3.2): those without which a decision is open, each once, and no others.
import { expect, test } from "vitest"
import { applyFilters, bindRules, CallsWanted, createCallTable, decideInsert, decideRead, defaultRuleSettings, parseRules, type BoundRules } from "../../../engine/index.ts"
import { ejsonText, type Document, type Value } from "../../../kernel/index.ts"

const call = (name: string, ...args: unknown[]): object => ({ "%%true": { "%function": { name, arguments: args } } })

/** Decides one thing after the other as a request does; `failed` for a function that is not in `functions`. */
function request(rules: object, functions: Readonly<Record<string, Value>>, decisions: readonly ((bound: BoundRules) => unknown)[]): { outcomes: unknown[]; called: string[] } {
  const calls = createCallTable()
  const bound = bindRules(parseRules(rules, { kind: "collection", problems: { errors: [], warnings: [] } }), { user: { id: "u1" } }, calls, defaultRuleSettings)
  const called: string[] = []
  const outcomes = decisions.map((decide) => {
    for (let round = 0; round < 5; round++) {
      try {
        return decide(bound)
      } catch (error) {
        if (!(error instanceof CallsWanted)) throw error
        for (const wanted of calls.takeWanted()) {
          called.push(wanted.name + ejsonText(wanted.args, { relaxed: true }))
          calls.answer(wanted, Object.hasOwn(functions, wanted.name) ? { state: "value", value: functions[wanted.name] } : { state: "failed" })
        }
      }
    }
    return "never decided"
  })
  return { outcomes, called }
}

const reading = (document: Document) => (bound: BoundRules): unknown => decideRead(bound, document).outcome
const inserting = (document: Document) => (bound: BoundRules): unknown => decideInsert(bound, document, true).outcome
const one: Document = { _id: 1 }

test.each<[string, object, Readonly<Record<string, Value>>, readonly ((bound: BoundRules) => unknown)[], unknown[], string[]]>([
  ["a read that hangs on one", { read: call("may") }, { may: true }, [reading(one), reading(one)], ["granted", "granted"], ["may[]"]],
  ["one that fails grants nothing", { read: call("may") }, {}, [reading(one)], ["hidden"], ["may[]"]],
  ["one that is not needed, beside what the document says", { read: { $or: [call("may"), { public: true }] } }, { may: false }, [reading({ _id: 1, public: true }), reading(one)], ["granted", "hidden"], ["may[]"]],
  ["one by the document, beside one that has answered", { read: { $or: [call("mayRead", "%%root._id"), call("isAdmin")] } }, { mayRead: false, isAdmin: true }, [reading({ _id: 1 }), reading({ _id: 2 }), reading({ _id: 3 })], ["granted", "granted", "granted"], ["isAdmin[]", "mayRead[1]"]],
  ["and what was not needed is not called later either", { read: { $or: [call("mayRead", "%%root._id"), call("isAdmin")] }, write: call("mayWrite") }, { mayRead: false, isAdmin: true, mayWrite: true }, [reading({ _id: 1 }), reading({ _id: 2 }), inserting({ _id: 3 })], ["granted", "granted", "granted"], ["isAdmin[]", "mayRead[1]", "mayWrite[]"]],
  ["a write that hangs on one", { write: call("may") }, { may: true }, [inserting(one)], ["granted"], ["may[]"]],
  ["a write by one that fails", { write: call("may") }, {}, [inserting(one)], ["refused"], ["may[]"]],
  ["by the document, beside one that has answered", { write: { $or: [call("mayWrite", "%%root._id"), call("isAdmin")] } }, { mayWrite: false, isAdmin: true }, [inserting({ _id: 1 }), inserting({ _id: 2 })], ["granted", "granted"], ["isAdmin[]", "mayWrite[1]"]],
])("%s", (_name, role, functions, decisions, outcomes, called) => {
  const found = request({ roles: [{ name: "r", apply_when: {}, ...role }] }, functions, decisions)
  expect([found.outcomes, found.called.toSorted()]).toEqual([outcomes, called])
})

test.each<[string, Readonly<Record<string, Value>>, Document]>([["holds", { guest: true }, { a: 1 }], ["does not", { guest: false }, {}], ["fails, which lifts no filter", {}, { a: 1 }]])("a filter by a function that %s", (_name, functions, query) => {
  const found = request({ filters: [{ name: "f", apply_when: call("guest"), query: { a: 1 } }] }, functions, [(bound) => applyFilters(bound).query])
  expect(found).toEqual({ outcomes: [query], called: ["guest[]"] })
})
