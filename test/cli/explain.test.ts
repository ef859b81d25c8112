// `backstitch explain` as a person runs it; the samples of docs/explain.md are run as printed.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { changedApp, type ChangedApp } from "../support/changed-app.ts"
import { root, run, worktracker } from "../support/serve.ts"

const member = '{ id: "64b1f0c2a7d93e5b8c214f06", custom_data: { role: "member", team: "red" } }'
const explain = (...args: string[]): ReturnType<typeof run> => run(["explain", worktracker, "--collection", "tracker.tasks", ...(args.includes("--user") ? [] : ["--user", member]), ...args])

/** The words of a printed command: single quotes hold spaces. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => (match[1] ?? match[2]) as string)
}

describe("docs/explain.md", () => {
  const samples = [...readFileSync(join(root, "docs/explain.md"), "utf8").matchAll(/```console\n\$ backstitch (.*)\n```\n[\s\S]*?```\n([\s\S]*?)```/g)]

  test("has samples", () => expect(samples).toHaveLength(3))

  test.each(samples.map(([, command, output]) => [command as string, output as string]))("%s", async (command, output) => {
    const { code, stdout, stderr } = await run(wordsOf(command))
    expect(stderr).toBe("")
    expect(stdout).toBe(output)
    expect(code).toBe(/: granted|sent to the database/.test(output) ? 0 : 1)
  })
})

describe("exit status and input", () => {
  test("is 0 for what is admitted; Extended JSON and the shell's syntax mean the same", async () => {
    for (const doc of ['{"_id":{"$oid":"64b1f0c2a7d93e5b8c214f06"},"team":"red","at":{"$date":"2024-01-01T00:00:00Z"}}', '{ _id: ObjectId("64b1f0c2a7d93e5b8c214f06"), team: "red", at: ISODate("2024-01-01") }']) {
      const { code, stdout } = await explain("--op", "read", "--doc", doc, "--json")
      expect(code).toBe(0)
      const { admitted, explanation } = JSON.parse(stdout) as { admitted: boolean; explanation: { decision: unknown; fields: { field: string; shown: string }[] } }
      expect([admitted, explanation.decision]).toEqual([true, { outcome: "granted" }])
      expect(explanation.fields.map(({ field, shown }) => [field, shown])).toEqual([["_id", "whole"], ["team", "whole"], ["at", "whole"]])
    }
  })

  test("is 1 with one line for input that cannot be used, and nothing in it is run or quoted", async () => {
    const bad: [string[], RegExp][] = [
      [["--op", "read", "--doc", "{ a: process.exit(0) }"], /`--doc`/],
      [["--op", "read", "--doc", "[1]"], /`--doc`/],
      [["--op", "read"], /`--doc`: it is missing; `read` needs it/],
      [["--op", "update", "--doc", "{}"], /`--after`: it is missing; `update` needs it/],
      [["--op", "find", "--doc", "{}"], /`--doc`: it does not go with `find`/],
      [["--op", "read", "--doc", "{}", "--query", "{}"], /`--query`: it does not go with `document`/],
      [["--op", "read", "--doc", "{}", "--user", '{ id: "a", role: "hidden-word" }'], /`--user`, \/role: a user has id/],
      [["--op", "read", "--doc", "{}", "--user", "{ id: 5 }"], /`--user`, \/id: it is not a text/],
      [["--op", "aggregate", "--pipeline", "{}"], /`--pipeline`: it is no list/],
      [["--op", "aggregate", "--pipeline", "[{ $lookup: {} }]"], /\$lookup/],
      [["--op", "updateMany", "--after", "{ $bogus: { a: 1 } }"], /\$bogus/],
      [["--op", "update", "--doc", "{}", "--after", "{}", "--upsert"], /`--upsert`/],
      [["--op", "distinct"], /`--field`: it is missing/],
      [["--op", "read", "--doc", "{}", "--user", "no-such-file.json"], /no file/],
      [["--op", "read", "--doc", "{}", "--service", "other"], /no data source `other`/],
      [["--op", "find", "--query", '{ $where: "hidden-word" }'], /\$where/],
    ]
    for (const [args, line] of bad) {
      const { code, stdout, stderr } = await explain(...args)
      expect([code, stdout]).toEqual([1, ""])
      expect(stderr).toMatch(line)
      expect(stderr.trim().split("\n")).toHaveLength(1)
      expect(stderr).not.toContain("hidden-word")
    }
  })
})

describe("what a person reads of rules of their own", () => {
  const city = { read: true, write: { "%%this": { $in: ["Oslo", "Rome"] } } }
  const roles = [
    { name: "nested", apply_when: { kind: "nested" }, fields: { kind: { read: true }, address: { fields: { city, zip: { read: { "%%root.open": true } } } }, lines: { fields: { n: city } } } },
    { name: "half", apply_when: { kind: "half" }, document_filters: { read: true }, read: true, write: true },
    { name: "long", apply_when: { kind: "long" }, additional_fields: { write: { "%%root.v": "x" } } },
    { name: "plain", apply_when: { kind: "plain" }, fields: { kind: { read: true }, address: { fields: { city: { read: true }, zip: { read: { "%%root.open": true } } } } } },
  ]
  let app: ChangedApp
  beforeAll(async () => {
    app = await changedApp(worktracker, { "data_sources/mongodb-atlas/tracker/things/rules.json": { database: "tracker", collection: "things", roles, filters: [] } })
  })
  afterAll(() => app.remove())
  const lines = async (...args: string[]): Promise<string[]> => (await run(["explain", app.directory, "--collection", "tracker.things", "--user", member, ...args])).stdout.split("\n")

  const fieldLines = async (...args: string[]): Promise<string[]> => {
    const all = await lines(...args)
    return all.slice(all.indexOf("fields:") + 1, -1)
  }

  test("what docs/explain.md shows of nested fields", async () => {
    const shown = await fieldLines("--op", "read", "--doc", '{ address: { city: "Oslo", zip: "1", street: "x" }, kind: "plain" }')
    const [, sample] = /```\nfields:\n([\s\S]*?)\n```/.exec(readFileSync(join(root, "docs/explain.md"), "utf8")) ?? []
    expect(shown.slice(0, -2).join("\n")).toBe(sample?.replaceAll("/roles/0/", "/roles/3/"))
  })

  test("nested fields of a read", async () => {
    expect(await fieldLines("--op", "read", "--doc", '{ kind: "nested", address: { city: "Oslo", zip: "1", street: "x" }, lines: [{ n: 1 }, { n: 2 }], more: 1 }')).toEqual([
      "  kind: shown, by `fields`",
      "    read: true",
      "  address: shown in part, by `fields`",
      "  address.city: shown, by `fields`",
      "    read: true",
      "    write: true",
      "  address.zip: hidden, by `fields`",
      "    read: false",
      "      /roles/0/fields/address/fields/zip/read/%%root.open: %%root.open has no value",
      "        %%root.open = (nothing) (missing)",
      "        the value in the rule = true (bool)",
      "  address.street: hidden, no entry speaks of it",
      "  lines: shown in part, by `fields`",
      "  lines.0.n: shown, by `fields`",
      "    read: true",
      "    write: false",
      "      /roles/0/fields/lines/fields/n/write/%%this/$in: %%this does not pass",
      "        %%this = 1 (int)",
      '        the value in the rule = ["Oslo","Rome"] (array)',
      "  lines.1.n: shown, by `fields`",
      "    read: true",
      "    write: false",
      "      /roles/0/fields/lines/fields/n/write/%%this/$in: %%this does not pass",
      "        %%this = 2 (int)",
      '        the value in the rule = ["Oslo","Rome"] (array)',
      "  more: hidden, no entry speaks of it",
    ])
  })

  test("nested fields of an update, and a value that needs more than they can admit", async () => {
    expect(await fieldLines("--op", "update", "--doc", '{ address: { city: "Oslo" }, lines: [], kind: "nested" }', "--after", '{ $set: { "address.city": "Bonn", lines: [1] } }')).toEqual([
      "  address: by `fields`",
      "  address.city: by `fields`",
      "    read: true",
      "    write: false",
      "      /roles/0/fields/address/fields/city/write/%%this/$in: %%this does not pass",
      '        %%this = "Bonn" (string)',
      '        the value in the rule = ["Oslo","Rome"] (array)',
      "  lines: by `fields`",
      "    write: false",
      "      /roles/0/fields/lines: the length of the list changes, which needs a `write` in the entry itself",
      "  kind: by `fields`",
      "    read: true",
    ])
  })

  test("a long value once", async () => {
    const list = JSON.stringify(Array.from({ length: 200 }, () => 5))
    const all = await fieldLines("--op", "insert", "--doc", `{ kind: "long", v: ${list} }`)
    expect(all.filter((each) => each.includes("%%root.v ="))).toEqual([`        %%root.v = ${list.slice(0, 300)}… (401 characters) (array)`, "        %%root.v = (as above) (array)"])
  })

  test("of very many fields, which are not listed", async () => {
    const document = (names: string[], value: unknown): string => JSON.stringify({ kind: "nested", ...Object.fromEntries(names.map((name) => [name, value])) })
    const names = Array.from({ length: 600 }, (_, index) => `f${index}`)
    expect((await fieldLines("--op", "read", "--doc", document(names, 1))).at(-1)).toBe("  (the fields are many: those that are shown whole are not listed, nor are all others)")
    expect(await fieldLines("--op", "update", "--doc", document(names, 1), "--after", document(names.with(7, "g"), 1))).toEqual([
      "  f7: no entry speaks of it", "  g: no entry speaks of it", "  (the fields are many: those that may be written or do not change are not listed)",
    ])
    expect((await fieldLines("--op", "insert", "--doc", document(names, 1))).at(-1)).toBe("  (the fields are many: those that may be written are not listed, nor are all others)")
  })

  test("the half of `document_filters` that is absent", async () => {
    expect(await lines("--op", "delete", "--doc", '{ kind: "half" }')).toEqual([
      "delete of tracker.things: refused (gate-refuses), as role `half`",
      "roles tried, in order:",
      "  nested: false",
      "    /roles/0/apply_when/kind: %%root.kind does not pass",
      '      %%root.kind = "half" (string)',
      '      the value in the rule = "nested" (string)',
      "  half: true",
      "permissions of the role:",
      "  document_filters.write: false",
      "    /roles/1: `document_filters.write` is absent, and an absent half is not passed",
      "  write: true",
      "",
    ])
  })
})

describe("requests and documents of a database", () => {
  test("each request has its receipt", async () => {
    const requests: [string[], RegExp][] = [
      [["--op", "count", "--query", "{ status: 'open' }"], /^count in tracker\.tasks: sent to the database: .*"team":\{"\$eq":"red"\}[^]*left over: nothing/],
      [["--op", "distinct", "--field", "status"], /^distinct in [^]*left over: nothing; the database does the rest/],
      [["--op", "aggregate", "--pipeline", "[{ $match: { status: 'open' } }]"], /^aggregate in [^]*\ncut by the database: \{"budget":0\}\n[^]*left over: nothing; the database does the rest/],
      [["--op", "updateMany", "--after", "{ $set: { status: 'done' } }"], /^updateMany in [^]*left over: each document found is judged here, as it is and as it would be/],
      [["--op", "deleteOne"], /^deleteOne in [^]*index: none/],
    ]
    for (const [args, text] of requests) {
      const { code, stdout, stderr } = await explain(...args)
      expect([code, stderr]).toEqual([0, ""])
      expect(stdout).toMatch(text)
    }
  })

  test("a document that is not there is said not to be", async () => {
    const { code, stdout } = await explain("--op", "delete", "--query", "{ _id: 1 }")
    expect([code, stdout]).toEqual([1, "delete of tracker.tasks: no document matches; nothing to explain\n"])
  })
})
