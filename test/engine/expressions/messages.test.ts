// What an author reads of a broken expression: what was found instead, and which name may have been meant.
import { describe, expect, test } from "vitest"
import { nearest, parseExpression, type ExpressionContext, type Problems } from "../../../engine/expressions/index.ts"

/** The details of the errors of an expression. */
function details(raw: unknown, context: ExpressionContext = "role"): string[] {
  const problems: Problems = { errors: [], warnings: [] }
  parseExpression(raw, { context, problems })
  return problems.errors.map(({ message }) => message.replace(/^Cannot compile expression at \S+: /, ""))
}

describe("an operator that does not exist", () => {
  test.each<[string, string | undefined]>([
    ["$inn", "$in"], ["%inn", "%in"], ["$exsits", "$exists"], ["$EXISTS", "$exists"], ["$elemMtch", "$elemMatch"], ["$elemmch", "$elemMatch"], ["$Size", "$size"],
    ["%neq", "%ne"], ["$neq", "$ne"], ["$ge", "$gte"], ["$le", "$lte"], ["$equ", "$eq"], ["$modd", "$mod"],
    ["$function", "%function"], ["$stringToOid", "%stringToOid"], ["%stringToUid", "%stringToOid"], ["%uuidToSting", "%uuidToString"],
    ["$where", undefined], ["$text", undefined], ["$x", undefined], ["$", undefined], ["$comment", undefined],
  ])("%s is told as it is, with %j as what may be meant", (key, near) => {
    expect(details({ a: { [key]: 1 } })).toEqual([`there is no operator \`${key}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`])
  })

  test.each<[string, string | undefined]>([["$an", "$and"], ["%nro", "%nor"], ["$ro", "$or"], ["$nott", "$not"], ["$inn", undefined], ["$exsits", undefined], ["%functon", undefined]])("where expressions are joined, of %s: of those that join them, %j", (key, near) => {
    const told = `there is no operator \`${key}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`
    expect([details({ [key]: [] }), details({ $and: [{ [key]: [] }] })]).toEqual([[told], [told]])
  })
})

describe("an expansion that does not exist", () => {
  test.each<[string, string | undefined]>([
    ["usr", "user"], ["USER", "user"], ["user_", "user"], ["rooot", "root"], ["prevroot", "prevRoot"], ["pervRoot", "prevRoot"], ["vlaues", "values"], ["tru", "true"], ["fasle", "false"],
    ["vars", undefined], ["item", undefined], ["pipelines", undefined], ["", undefined],
  ])("%%%%%s is told as it is, with %j as what may be meant", (name, near) => {
    expect(details({ a: `%%${name}.x` })).toEqual([`there is no \`%%${name}\`${near === undefined ? "" : `; did you mean \`%%${near}\`?`}`])
  })
})

describe("of an expansion that does not exist, only what the place knows may be meant", () => {
  test.each<[string, ExpressionContext, string | undefined]>([
    ["arg", "call", "args"], ["arg", "role", undefined], ["arg", "field", undefined], ["thsi", "field", "this"], ["thsi", "validate", "this"], ["thsi", "role", undefined], ["thsi", "filter", undefined], ["prv", "field", "prev"], ["prv", "call", undefined],
    ["rot", "role", "root"], ["rot", "filter", undefined], ["rot", "query", undefined], ["rot", "call", undefined], ["prevRot", "filter", undefined], ["usr", "filter", "user"], ["requst", "query", "request"], ["vales", "call", "values"], ["tru", "filter", "true"], ["fals", "call", "false"],
  ])("%%%%%s in a %s: %j", (name, context, near) => {
    expect(details({ "%%user.id": `%%${name}.x` }, context)).toEqual([`there is no \`%%${name}\`${near === undefined ? "" : `; did you mean \`%%${near}\`?`}`])
  })
})

describe("the nearest of some names", () => {
  test.each<[string, string, string, number]>([
    ["a letter more", "abcd", "abc", 1], ["a letter more in front", "xabc", "abc", 1], ["a letter less", "abc", "abcd", 1], ["a letter less in front", "bcd", "abcd", 1], ["another letter", "abx", "abc", 1], ["another first letter", "xbc", "abc", 1],
    ["swapped neighbours", "acb", "abc", 1], ["swapped neighbours in front", "bac", "abc", 1], ["swapped neighbours in the middle", "abdcef", "abcdef", 1],
    ["neighbours swapped twice", "badc", "abcd", 2], ["a shifted word", "bc", "ab", 2], ["a word shifted the other way", "ab", "bc", 2], ["half of a swap", "ab", "ca", 2], ["two letters more", "abcxy", "abc", 2], ["letters swapped over a third", "cba", "abc", 2],
    ["nothing in common", "abc", "xyz", 3], ["the empty name", "", "abc", 3], ["the same name", "abc", "abc", 0], ["another case", "ABC", "abc", 0], ["another case of the known name", "abc", "aBC", 0],
  ])("%s: %s is %s after %i edits", (_what, name, known, edits) => {
    expect([nearest(name, [known], edits), nearest(name, [known], edits - 1)]).toEqual([known, undefined])
  })

  test.each<[string, string, boolean]>([
    ["a", "b", true], ["abc", "abx", true], ["abc", "axy", false], ["abcde", "abcxy", false], ["abcdef", "abcdxy", true], ["abcdef", "abcxyz", false], ["abcdefgh", "abcdexyz", false], ["abcdefghi", "abcdefxyz", true], ["", "a", true], ["", "ab", false],
  ])("one edit in three letters is near, and one in shorter names: %s, %s: %j", (name, known, isNear) => {
    expect(nearest(name, [known])).toBe(isNear ? known : undefined)
  })

  test("the nearest counts, and the first of two as near", () => {
    expect(nearest("abcdef", ["abcdxx", "abcdex", "abcdey"])).toBe("abcdex")
    expect(nearest("abc", [])).toBeUndefined()
  })

  const long = "theDateAndTimeAtWhichTheOrderOfTheCustomerWas"
  test.each<[string, string, readonly string[], string | undefined]>([
    ["at the end", `${long}Payed`, [`${long}Sent`, `${long}Paid`], `${long}Paid`], ["in front", `teh${long.slice(3)}`, ["other", long], long], ["in the middle", long.replace("Order", "Odrer"), [long], long],
    ["in letters that others have too", `${long}Paidd`, [`${long}Paid`], `${long}Paid`], ["in words", `${long}Cancelled`, [`${long}Sent`], undefined],
  ])("names of more than 40 letters are told apart where they differ: %s", (_where, name, names, near) => {
    expect(nearest(name, names, 2)).toBe(near)
  })

  test("of what differs 40 letters are looked at, and as many of the name say how many edits are few", () => {
    const same = "b".repeat(45)
    expect([nearest(`a${same}a`, [`c${same}c`], 1), nearest(`a${same.slice(7)}a`, [`c${same.slice(7)}c`], 1)]).toEqual([`c${same}c`, undefined])
    expect([nearest("a".repeat(40), ["z".repeat(40)], 40), nearest("a".repeat(90), ["z".repeat(90)], 39)]).toEqual(["z".repeat(40), undefined])
    expect([nearest("a".repeat(150), ["true", "z".repeat(150)]), nearest(`a${same.slice(6)}`, [`${"z".repeat(14)}${same.slice(6)}`]), nearest(`a${same.slice(6)}`, [`${"z".repeat(13)}${same.slice(6)}`])]).toEqual([undefined, undefined, `${"z".repeat(13)}${same.slice(6)}`])
  })
})

describe("what was found instead", () => {
  test.each<[unknown, string]>([
    [{ $not: null }, "null is no expression"], [{ $not: [] }, "a list is no expression"], [{ $not: "x" }, "a string is no expression"], [{ $not: 5 }, "a number is no expression"], [{ "%%true": 5 }, "a number is no expression"],
    [{ a: { $elemMatch: null } }, "`$elemMatch` takes an object, not null"], [{ a: { $in: { b: 1 } } }, "a list is needed, not an object"], [{ a: { $in: true } }, "a list is needed, not a boolean"], [{ a: { $exists: [] } }, "`$exists` takes true or false, not a list"], [{ a: { $exists: {} } }, "`$exists` takes true or false, not an object"],
    [{ $or: [] }, "`$or` takes a list that is not empty, not an empty one"], [{ $and: "x" }, "`$and` takes a list that is not empty, not a string"], [{ $nor: {} }, "`$nor` takes a list that is not empty, not an object"],
    [{ a: { $regex: "(" } }, "error parsing regexp: missing closing ): `(`"], [{ a: { $regex: "a", $options: "x" } }, "option `x` is not supported"],
    [{ a: { $eq: () => 1 } }, "a function is no value"],
  ])("%j", (raw, detail) => {
    expect(details(raw)).toEqual([detail])
  })
})
