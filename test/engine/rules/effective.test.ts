// Which rules serve a collection (specification of rules, 6.3).
import { describe, expect, test } from "vitest"
import { effectiveRules, parseRules, type Rules } from "../../../engine/index.ts"

function rulesOf(roles: readonly string[], filters: readonly string[] = []): Rules {
  const raw = { roles: roles.map((name) => ({ name, apply_when: {}, read: true })), filters: filters.map((name) => ({ name, apply_when: {}, query: {} })) }
  return parseRules(raw, { kind: "collection", problems: { errors: [], warnings: [] } })
}

const served = (collection: Rules | undefined, defaults: Rules | undefined): unknown => {
  const rules = effectiveRules(collection, defaults)
  return rules === undefined ? "refused" : { roles: rules.roles.map(({ name }) => name), filters: rules.filters.map(({ name }) => name), from: rules.from }
}

describe("which rules serve", () => {
  test.each<[string, Rules | undefined, Rules | undefined, unknown]>([
    ["roles of the collection serve alone", rulesOf(["own"], ["f"]), rulesOf(["default"], ["d"]), { roles: ["own"], filters: ["f"], from: "collection" }],
    ["also where there are no others", rulesOf(["own"]), undefined, { roles: ["own"], filters: [], from: "collection" }],
    ["without a file the default serves", undefined, rulesOf(["default"], ["d"]), { roles: ["default"], filters: ["d"], from: "default" }],
    ["without roles too, with the filters of both", rulesOf([], ["f"]), rulesOf(["default"], ["d"]), { roles: ["default"], filters: ["f", "d"], from: "default" }],
    ["no roles anywhere", rulesOf([], ["f"]), rulesOf([], ["d"]), "refused"],
    ["no roles and no default", rulesOf([], ["f"]), undefined, "refused"],
    ["a default without roles", undefined, rulesOf([], ["d"]), "refused"],
    ["nothing", undefined, undefined, "refused"],
  ])("%s", (_name, collection, defaults, expected) => {
    expect(served(collection, defaults)).toEqual(expected)
  })
})
