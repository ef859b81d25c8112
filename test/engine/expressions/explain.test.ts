import { describe, expect, test } from "vitest"
import { analyse, bind, explain, parseExpressionOrThrow, type Explanation } from "../../../engine/expressions/index.ts"
import { ObjectId, type Document } from "../../../kernel/index.ts"

function because(raw: unknown, root: Document, customData: Document = {}): Explanation {
  return explain(bind(parseExpressionOrThrow(raw, { context: "role" }), { user: { id: "u1", custom_data: customData } }), { root, prevRoot: root })
}

describe("explain", () => {
  test("puts the value from the token beside the value in the document", () => {
    const { result, because: leaves } = because({ team: "%%user.custom_data.team", open: true }, { team: "blue", open: true }, { team: "red" })
    expect(result).toBe(false)
    expect(leaves).toEqual([{
      pointer: "/team", operator: "eq", needed: true, result: false,
      subject: { text: "%%root.team", value: "blue", type: "string" }, operand: { text: "%%user.custom_data.team", value: "red", type: "string" },
      reason: "%%root.team does not pass",
    }])
  })

  test("names the two types where they differ", () => {
    expect(because({ owner: "%%user.id" }, { owner: new ObjectId() }).because[0]?.reason).toBe("%%root.owner is of type objectId, %%user.id of type string")
  })

  test("names the expansion without a value", () => {
    const { result, because: leaves } = because({ team: "%%user.custom_data.team" }, { team: "red" })
    expect([result, leaves[0]?.reason]).toEqual([undefined, "%%user.custom_data.team has no value, so the test cannot be decided"])
  })

  test("follows a negation to the leaf that holds", () => {
    const { because: leaves } = because({ $nor: [{ a: 1 }, { b: 2 }] }, { a: 1, b: 3 })
    expect(leaves.map(({ pointer, needed, result }) => ({ pointer, needed, result }))).toEqual([{ pointer: "/$nor/0/a", needed: false, result: true }])
  })

  test("names every alternative that failed, and nothing of a true expression", () => {
    expect(because({ $or: [{ a: 1 }, { b: { $gt: 2 } }] }, {}).because.map(({ pointer }) => pointer)).toEqual(["/$or/0/a", "/$or/1/b/$gt"])
    expect(because({ $or: [{ a: 1 }, { b: 2 }] }, { b: 2 })).toEqual({ result: true, because: [] })
  })

  test("its reasons hold no values", () => {
    const { because: leaves } = because({ a: "secret-literal" }, { a: "secret-stored" })
    expect(leaves.map(({ reason }) => reason).join()).not.toContain("secret")
  })
})

describe("analyse", () => {
  const codes = (raw: unknown): string[] => analyse(parseExpressionOrThrow(raw, { context: "role" })).map(({ code, path }) => `${code} ${path}`)

  test.each<[string, unknown, string[]]>([
    ["a ban that users without custom data pass", { "%%user.custom_data.role": { $ne: "guest" } }, ["holds-without-custom-data /%%user.custom_data.role/$ne"]],
    ["a literal null", { "%%user.custom_data.master": null }, ["holds-without-custom-data /%%user.custom_data.master"]],
    ["a value they lack", { "%%user.custom_data.role": "admin" }, []],
    ["the id against a literal list", { "%%user.id": ["a", "b"] }, ["never-holds /%%user.id"]],
    ["an empty list", { a: { $in: [] } }, ["never-holds /a/$in"]],
    ["an id beside text", { _id: "%%user.id" }, ["id-is-text /_id"]],
    ["a ban beside a test that they fail", { "%%user.custom_data.role": { $ne: "guest" }, "%%user.custom_data.team": "red" }, []],
    ["a ban beside a team they do not have", { "%%user.custom_data.role": { $ne: "guest" }, team: "%%user.custom_data.team" }, []],
    ["a ban beside a function that may let them pass", { "%%user.custom_data.role": { $ne: "guest" }, "%%true": { "%function": { name: "f" } } }, ["holds-without-custom-data /%%user.custom_data.role/$ne"]],
    ["members that never have a value, on either side and in arguments", { "%%user.role": "admin", a: "%%environment.name", "%%true": { "%function": { name: "f", arguments: ["%%request.headers"] } } }, ["unknown-member /%%user.role", "unknown-member /a", "unknown-member /%%true"]],
    ["members there are", { "%%user.identities.provider_type": "anon-user", a: "%%environment.values.x", "%%request.requestHeaders.A": "b" }, []],
    ["a converted id", { _id: { "%stringToOid": "%%user.id" } }, []],
  ])("%s", (_name, raw, expected) => {
    expect(codes(raw)).toEqual(expected)
  })

  test("the nearest member is suggested", () => {
    expect(analyse(parseExpressionOrThrow({ "%%user.custom_date.x": 1 }, { context: "role" }))[0]?.message).toContain("did you mean `%%user.custom_data`?")
  })
})
