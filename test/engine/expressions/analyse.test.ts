import { describe, expect, test } from "vitest"
import { analyse, asksFunctions, choosesUsers, needsCustomData, parseExpressionOrThrow, referencesOf, type Expression } from "../../../engine/expressions/index.ts"

const parsed = (raw: unknown): Expression => parseExpressionOrThrow(raw, { context: "field" })
const warned = (raw: unknown): string[] => analyse(parsed(raw)).map(({ code, path }) => `${code} ${path}`)
const asking = { "%function": { name: "f" } }

describe("a test that users without custom data pass", () => {
  const ban = { "%%user.custom_data.role": { $ne: "guest" } }
  const passes = "holds-without-custom-data /%%user.custom_data.role/$ne"

  test("is named", () => {
    expect(analyse(parsed(ban))).toEqual([{ code: "holds-without-custom-data", path: "/%%user.custom_data.role/$ne", message: "users without custom data pass this test: %%user.custom_data.role is missing for them" }])
  })

  test.each<[string, unknown, string[]]>([
    ["a literal null", { "%%user.custom_data.master": null }, ["holds-without-custom-data /%%user.custom_data.master"]],
    ["null among others", { "%%user.custom_data.master": { $in: [null, "%%values.master"] } }, ["holds-without-custom-data /%%user.custom_data.master/$in"]],
    ["absence", { "%%user.custom_data.banned": { $exists: false } }, ["holds-without-custom-data /%%user.custom_data.banned/$exists"]],
    ["a size they do not have", { "%%user.custom_data.teams": { $not: { $size: 0 } } }, ["holds-without-custom-data /%%user.custom_data.teams/$not/$size"]],
    ["a list without an item", { "%%user.custom_data.teams": { $not: { $elemMatch: { $eq: "red" } } } }, ["holds-without-custom-data /%%user.custom_data.teams/$not/$elemMatch"]],
    ["a ban by a value of the app", { "%%user.custom_data.role": { $ne: "%%values.guest" } }, [passes]],
    ["a ban by the document", { "%%user.custom_data.role": { $ne: "%%root.closedTo" } }, [passes]],
    ["a ban by what a function says", { "%%user.custom_data.role": { $ne: asking } }, [passes]],
    ["a ban by an id", { "%%user.custom_data.role": { $ne: "%%user.id" } }, [passes]],
    ["a ban by a converted id", { "%%user.custom_data.role": { $ne: { "%stringToOid": "%%user.id" } } }, [passes]],
    ["a ban by a list and a document of such", { "%%user.custom_data.role": { $nin: [["%%values.guest"], { a: "%%root.a" }] } }, ["holds-without-custom-data /%%user.custom_data.role/$nin"]],
  ])("%s", (_name, raw, expected) => {
    expect(warned(raw)).toEqual(expected)
  })

  test.each<[string, unknown]>([
    ["a ban by more custom data", { "%%user.custom_data.role": { $ne: "%%user.custom_data.worst" } }],
    ["a ban by converted custom data", { "%%user.custom_data.role": { $ne: { "%stringToOid": "%%user.custom_data.worst" } } }],
    ["a ban by a list of custom data", { "%%user.custom_data.role": { $ne: ["%%user.custom_data.worst"] } }],
    ["a ban by a document of custom data", { "%%user.custom_data.role": { $ne: { a: "%%user.custom_data.worst" } } }],
    ["a value they lack", { "%%user.custom_data.role": "admin" }],
    ["a value of the app that they lack", { "%%user.custom_data.role": "%%values.admin" }],
    ["presence", { "%%user.custom_data.role": { $exists: true } }],
    ["a list with an item", { "%%user.custom_data.teams": { $elemMatch: { $eq: "%%root.team" } } }],
    ["metadata", { "%%user.data.email": { $ne: "a@b.c" } }],
    ["a field named so", { "%%root.custom_data": { $ne: "guest" } }],
  ])("is not %s", (_name, raw) => {
    expect(warned({ $or: [raw, { a: 1 }] })).toEqual([])
  })

  test.each<[string, unknown]>([
    ["one that they fail", { "%%user.custom_data.team": "red" }],
    ["a team that they do not have", { team: "%%user.custom_data.team" }],
    ["teams that they do not have, and a function", { team: { $in: "%%user.custom_data.teams" }, "%%true": asking }],
    ["alternatives that they fail", { $or: [{ "%%user.custom_data.team": "red" }, { "%%user.custom_data.teams": { $size: 1 } }, { "%%user.custom_data.teams": { $elemMatch: { $eq: "red" } } }] }],
    ["the reverse of what holds", { "%not": { "%%user.custom_data.team": null } }],
    ["the reverse of two that hold", { "%not": { "%%user.custom_data.team": null, "%%user.custom_data.banned": { $ne: true } } }],
    ["the reverse of one of several that holds", { $nor: [{ a: 1 }, { "%%user.custom_data.team": null }] }],
    ["the reverse of a team that they do not have", { "%not": { team: "%%user.custom_data.team" } }],
    ["a team that they do not have, and another test", { team: "%%user.custom_data.team", owner: "%%user.id" }],
    ["a truth that they lack", { "%%true": "%%user.custom_data.admin" }],
    ["a list that they are not in", { members: ["%%user.custom_data.name"] }],
    ["a document that they are not in", { members: { name: "%%user.custom_data.name" } }],
    ["an id that they do not have", { _id: { "%stringToOid": "%%user.custom_data._id" } }],
    ["false", { "%and": [false] }],
  ])("is none beside %s", (_name, other) => {
    expect(warned({ "%and": [other, ban] }).filter((each) => each.startsWith("holds"))).toEqual([])
  })

  test.each<[string, unknown]>([
    ["an id", { "%%user.id": "64b1f0c2a7d93e5b8c214f06" }],
    ["a kind of user", { "%%user.type": "server" }],
    ["metadata", { "%%user.data.email": { $regex: "@example.com$" } }],
    ["a way to log in", { "%%user.identities.provider_type": { $in: ["local-userpass"] } }],
    ["an environment", { "%%environment.tag": "production" }],
    ["a value of the app", { "%%values.open": true }],
    ["a header", { "%%request.requestHeaders.X": { $exists: true } }],
    ["their own document", { owner: "%%user.id" }],
    ["a function", { "%%true": asking }],
    ["a function over the field", { team: asking }],
    ["two tests, one of which they may pass reversed", { "%not": { "%%user.custom_data.team": null, a: 1 } }],
    ["the reverse of alternatives", { $nor: [{ "%%user.custom_data.team": "red" }, { a: 1 }] }],
    ["one of several, not all of which they fail", { $or: [{ "%%user.custom_data.team": "red" }, { "%%user.type": "server" }] }],
    ["the items of a field", { tags: { $elemMatch: { $eq: "%%values.tag" } } }],
    ["a list of values of the app", { tags: ["%%values.tag"] }],
    ["a document of values of the app", { tag: { name: "%%values.tag" } }],
    ["a converted value of the app", { _id: { "%stringToOid": "%%values.id" } }],
    ["true", { "%and": [true] }],
  ])("remains one beside %s", (_name, other) => {
    expect(warned({ "%and": [other, ban] })).toContain("holds-without-custom-data /%and/1/%%user.custom_data.role/$ne")
  })

  test("is looked for in each alternative, and in what is asked of items", () => {
    expect(warned({ $or: [{ a: 1 }, ban] })).toEqual(["holds-without-custom-data /$or/1/%%user.custom_data.role/$ne"])
    expect(warned({ items: { $elemMatch: { a: 1, ...ban } } })).toEqual(["holds-without-custom-data /items/$elemMatch/%%user.custom_data.role/$ne"])
  })
})

describe("a test that no value can pass", () => {
  const message = (raw: unknown): string[] => analyse(parsed(raw)).map(({ code, path, message: text }) => `${code} ${path}: ${text}`)

  test("is named with what to write", () => {
    expect(message({ a: { $in: [] } })).toEqual(["never-holds /a/$in: nothing is in an empty list"])
    expect(message({ a: { $all: [] } })).toEqual(["never-holds /a/$all: no value passes `$all` of an empty list"])
    expect(message({ "%%user.id": ["a", "b"] })).toEqual(["never-holds /%%user.id: %%user.id is text and no list; use `$in` to ask for one of several"])
  })

  test.each<[string, unknown, string[]]>([
    ["an empty list of what items may be", { items: { $elemMatch: { a: { $in: [] } } } }, ["never-holds /items/$elemMatch/a/$in"]],
    ["one alternative", { $or: [{ a: { $in: [] } }, { b: 1 }] }, ["never-holds /$or/0/a/$in"]],
    ["the reverse of an empty exclusion", { a: { $not: { $nin: [] } } }, ["never-holds /a/$not/$nin"]],
    ["an empty exclusion", { a: { $nin: [] } }, []],
    ["the reverse of all of nothing", { a: { $not: { $all: [] } } }, []],
    ["a list that is not empty", { a: { $in: [1] }, b: { $all: [1] }, c: { $in: ["%%user.id"] } }, []],
    ["an empty list as value", { a: [] }, []],
    ["a list from elsewhere", { a: { $in: "%%values.list" }, "%%user.id": "%%values.admins" }, []],
    ["the kind of user beside a list", { "%%user.type": ["normal"] }, ["never-holds /%%user.type"]],
    ["the id beside a list that holds values of the app", { "%%user.id": ["%%values.admin"] }, ["never-holds /%%user.id"]],
    ["the environment's name beside a list", { "%%environment.tag": { $eq: ["qa"] } }, ["never-holds /%%environment.tag/$eq"]],
    ["a method beside a list", { "%%request.httpMethod": ["GET", "POST"] }, ["never-holds /%%request.httpMethod"]],
    ["headers beside a list", { "%%request.requestHeaders.A": ["a"] }, []],
    ["an id that is none of a list", { "%%user.id": { $ne: ["a"] } }, []],
    ["an id in a list", { "%%user.id": { $in: ["a", "b"] } }, []],
    ["an id beside text", { "%%user.id": "a" }, []],
    ["metadata beside a list", { "%%user.data.id": ["a"], "%%root.id": ["a"] }, []],
  ])("%s", (_name, raw, expected) => {
    expect(warned(raw)).toEqual(expected)
  })
})

describe("an id beside text", () => {
  test("is named with what to write", () => {
    expect(analyse(parsed({ _id: "%%user.id" }))).toEqual([{ code: "id-is-text", path: "/_id", message: "`%%user.id` is text; where `_id` is an ObjectId, write `{\"%stringToOid\": \"%%user.id\"}`" }])
    expect(analyse(parsed({ "%%user.id": "%%root._id" }))).toEqual([{ code: "id-is-text", path: "/%%user.id", message: "`%%user.id` is text; where `_id` is an ObjectId, write `{\"%oidToString\": \"%%root._id\"}`" }])
  })

  test.each<[string, unknown, string[]]>([
    ["before the change", { "%%prevRoot._id": { $eq: "%%user.id" } }, ["id-is-text /%%prevRoot._id/$eq"]],
    ["of another", { _id: { $ne: "%%user.id" } }, ["id-is-text /_id/$ne"]],
    ["of an item", { members: { $elemMatch: { _id: "%%user.id" } } }, ["id-is-text /members/$elemMatch/_id"]],
    ["on the right", { "%%user.id": "%%root._id" }, ["id-is-text /%%user.id"]],
    ["on the right, before the change, of another", { "%%user.id": { $ne: "%%prevRoot._id" } }, ["id-is-text /%%user.id/$ne"]],
    ["of an item of the user's", { "%%user.custom_data.teams": { $elemMatch: { _id: "%%user.id" } } }, ["id-is-text /%%user.custom_data.teams/$elemMatch/_id"]],
    ["on the right, converted", { "%%user.id": { "%oidToString": "%%root._id" } }, []],
    ["on the right, of an embedded document", { "%%user.id": "%%root.owner._id" }, []],
    ["on the right, another field", { "%%user.id": "%%root.owner" }, []],
    ["on the right of another text", { "%%user.type": "%%root._id" }, []],
    ["that is a value of the app, on either side", { "%%user.id": "%%values._id", "%%values._id": "%%user.id" }, []],
    ["that is a value of the app, among items", { members: { $elemMatch: { "%%values._id": "%%user.id" } } }, []],
    ["that is there", { _id: { $exists: true } }, []],
    ["on its own", { _id: "%%prevRoot._id" }, []],
    ["converted", { _id: { "%stringToOid": "%%user.id" } }, []],
    ["of an embedded document", { "owner._id": "%%user.id", "_id.owner": "%%user.id" }, []],
    ["another field", { owner: "%%user.id" }, []],
    ["another text", { _id: "%%user.type" }, []],
    ["a value of that name", { _id: "%%values.id" }, []],
    ["a literal", { _id: "a" }, []],
  ])("%s", (_name, raw, expected) => {
    expect(warned(raw)).toEqual(expected)
  })
})

describe("an id beside text, where it is known which can be ObjectIds", () => {
  const asked = (raw: unknown, ids: readonly string[]): [string[], string[]] => {
    const paths: string[] = []
    const found = analyse(parsed(raw), { mayBeObjectId: (path) => ids.includes(paths[paths.push(path.join(".")) - 1] as string) })
    return [found.map(({ path }) => path), paths]
  }

  test.each<[string, unknown, string, string]>([
    ["of the document", { _id: "%%user.id" }, "_id", "/_id"],
    ["of the document before the change", { "%%prevRoot._id": "%%user.id" }, "_id", "/%%prevRoot._id"],
    ["on the right", { "%%user.id": "%%root._id" }, "_id", "/%%user.id"],
    ["of an item", { members: { $elemMatch: { _id: "%%user.id" } } }, "members._id", "/members/$elemMatch/_id"],
    ["of an item of a list in a list", { "a.b": { $elemMatch: { c: { $elemMatch: { $or: [{ "%not": { _id: "%%user.id" } }] } } } } }, "a.b.c._id", "/a.b/$elemMatch/c/$elemMatch/$or/0/%not/_id"],
    ["of the document, among items", { members: { $elemMatch: { "%%root._id": "%%user.id" } } }, "_id", "/members/$elemMatch/%%root._id"],
  ])("%s", (_name, raw, id, place) => {
    expect(asked(raw, [id])).toEqual([[place], [id]])
    expect(asked(raw, [])).toEqual([[], [id]])
  })

  test("nothing is known of items of a list that is none of the document", () => {
    expect(asked({ "%%user.custom_data.teams": { $elemMatch: { _id: "%%user.id" } } }, [])).toEqual([["/%%user.custom_data.teams/$elemMatch/_id"], []])
  })
})

describe("a member that never has a value", () => {
  test.each<[string, unknown, string[]]>([
    ["as subject", { "%%user.role": "admin" }, ["unknown-member /%%user.role"]],
    ["as operand", { a: "%%environment.name" }, ["unknown-member /a"]],
    ["as argument", { "%%true": { "%function": { name: "f", arguments: ["%%request.headers", { a: ["%%user.email"] }] } } }, ["unknown-member /%%true", "unknown-member /%%true"]],
    ["reversed", { "%not": { "%%user.role": "admin" } }, ["unknown-member /%not/%%user.role"]],
    ["in each alternative", { $or: [{ "%%user.role": "a" }, { a: { $in: ["%%user.roles"] } }] }, ["unknown-member /$or/0/%%user.role", "unknown-member /$or/1/a/$in"]],
    ["of which items are asked", { "%%user.teams": { $elemMatch: { $eq: "%%user.team" } } }, ["unknown-member /%%user.teams/$elemMatch", "unknown-member /%%user.teams/$elemMatch/$eq"]],
    ["of a value or a document", { "%%values.role": 1, "%%root.role": 1 }, []],
    ["a whole", { "%%user": { $exists: true }, a: "%%request" }, []],
  ])("%s", (_name, raw, expected) => {
    expect(warned(raw)).toEqual(expected)
  })

  const there = [
    "user.id", "user.type", "user.data.email", "user.custom_data", "user.identities.provider_type", "environment.tag", "environment.values.x", "request.httpMethod", "request.httpReferrer", "request.httpUserAgent",
    "request.rawQueryString", "request.remoteIPAddress", "request.webhookUrl", "request.service", "request.action", "request.requestHeaders.A",
  ]
  test.each(there)("is not %s", (name) => {
    expect(warned({ [`%%${name}`]: "x" })).toEqual([])
  })

  test("the nearest is suggested, if any is near", () => {
    const messages = analyse(parsed({ "%%user.custom_date.x": 1, "%%user.somethingElse": 1 })).map(({ message }) => message)
    expect(messages).toEqual(["`%%user.custom_date` never has a value; did you mean `%%user.custom_data`?", "`%%user.somethingElse` never has a value"])
  })
})

test("every place an expression reads is found, with where it stands", () => {
  const found = referencesOf(parsed({
    a: "%%user.id", $or: [{ b: { $in: ["%%values.x", { y: "%%values.y" }] } }, { "%not": { c: { $exists: true } } }],
    d: { $elemMatch: { e: "%%values.z" } }, "%%true": { "%function": { name: "f", arguments: ["%%this"] } }, "%and": [true],
  }))
  expect(found.map(({ reference: { source, path }, pointer }) => `${[source, ...path].join(".")} at ${pointer}`)).toEqual([
    "root.a at /a", "user.id at /a", "root.b at /$or/0/b/$in", "values.x at /$or/0/b/$in", "values.y at /$or/0/b/$in", "root.c at /$or/1/%not/c/$exists",
    "root.d at /d/$elemMatch", "item.e at /d/$elemMatch/e", "values.z at /d/$elemMatch/e", "this at /%%true",
  ])
})

test.each<[string, unknown, boolean]>([
  ["as a truth", { "%%true": asking }, true],
  ["as an operand, in a list", { a: { $in: [1, asking] } }, true],
  ["reversed, in an alternative", { $or: [{ a: 1 }, { "%not": { a: asking } }] }, true],
  ["of an item", { items: { $elemMatch: { a: asking } } }, true],
  ["beside a test of the user", { "%%user.type": "server", "%%true": asking }, true],
  ["before a test of the document", { "%%true": asking, a: 1 }, true],
  ["nowhere", { a: 1, "%%user.id": { $exists: true } }, false],
])("a function is asked %s", (_name, raw, expected) => {
  expect(asksFunctions(parsed(raw))).toBe(expected)
})

test.each<[string, unknown, boolean]>([
  ["a test of custom data", { "%%user.custom_data.banned": true }, true],
  ["custom data as operand", { team: "%%user.custom_data.team" }, true],
  ["custom data beside other tests", { owner: "%%user.id", "%%user.custom_data.banned": true }, true],
  ["a test that those without pass", { "%%user.custom_data.team": null }, false],
  ["such a test beside one of the user", { "%%user.type": "server", "%%user.custom_data.team": null }, false],
  ["an alternative to custom data", { $or: [{ "%%user.custom_data.banned": true }, { a: 1 }] }, false],
  ["false", { "%and": [false], "%%user.id": "%%values.x" }, false],
  ["false, and a field called custom_data", { "%and": [false], "%%root.custom_data": 1, "%%user.data.x": 1 }, false],
  ["other data", { "%%user.data.email": "a" }, false],
])("custom data is needed: %s", (_name, raw, expected) => {
  expect(needsCustomData(parsed(raw))).toBe(expected)
})

describe("users are chosen", () => {
  test.each<[string, unknown]>([
    ["by their id", { "%%user.id": "64b1f0c2a7d93e5b8c214f06" }],
    ["by one of several ids", { "%%user.id": { $in: ["a", "b"] } }],
    ["by metadata", { "%%user.data.email": "a@b.c" }],
    ["by custom data", { "%%user.custom_data.level": { $gt: 5 } }],
    ["by a value of the app", { "%%user.id": { $in: "%%values.admins" } }],
    ["by a value of the environment", { "%%user.custom_data.role": { $in: ["%%environment.values.role"] } }],
    ["by a truth in custom data", { "%%true": "%%user.custom_data.admin" }],
    ["by a function", { "%%true": asking }],
    ["by a function that is told of the document", { "%%true": { "%function": { name: "f", arguments: ["%%root.owner"] } } }],
    ["by a function over a field", { owner: asking }],
    ["in one of the parts", { owner: "%%user.id", "%%user.custom_data.admin": true }],
    ["in every alternative", { $or: [{ "%%user.id": "a" }, { "%%user.custom_data.admin": true }] }],
    ["by nobody being admitted", { "%and": [false] }],
    ["by a text that is to be true, which nobody passes", { "%%true": "yes" }],
  ])("%s", (_name, raw) => {
    expect(choosesUsers(parsed(raw))).toBe(true)
  })

  test.each<[string, unknown]>([
    ["by the document", { owner: "%%user.id" }],
    ["by the document that is compared with", { "%%user.id": "%%root.owner" }],
    ["by a list with a field of the document", { "%%user.id": { $in: ["%%root.owner"] } }],
    ["by the request", { "%%user.id": "%%request.requestHeaders.User" }],
    ["by what the user has elsewhere", { "%%user.id": "%%user.custom_data.name" }],
    ["by fields of the document", { id: "a" }],
    ["by the kind of user", { "%%user.type": "normal" }],
    ["by a way to log in", { "%%user.identities.provider_type": "anon-user" }],
    ["by not being another", { "%%user.id": { $ne: "a" } }],
    ["by having no metadata", { "%%user.data.email": null }],
    ["by having no custom data", { "%%user.custom_data.admin": null }],
    ["by having custom data", { "%%user.custom_data.admin": { $exists: true } }],
    ["by a truth of the document", { "%%true": "%%root.open" }],
    ["by a value of the app alone", { "%%values.open": true, "%%true": "%%values.open" }],
    ["in only one of the alternatives", { $or: [{ "%%user.id": "a" }, { owner: "%%user.id" }] }],
    ["by everybody being admitted", { "%and": [true] }],
    ["by an item of a list", { members: { $elemMatch: { $eq: "%%user.id" } } }],
  ])("not %s", (_name, raw) => {
    expect(choosesUsers(parsed(raw))).toBe(false)
  })
})
