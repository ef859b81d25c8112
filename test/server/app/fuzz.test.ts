// Whatever is done to the text of an app, reading it gives findings and never throws.
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { checkApp, findingCodes, hasErrors, loadApp, readApp, type LoadedApp } from "../../../server/app/index.ts"
import { fixture } from "./support.ts"

const names = ["worktracker", "format-20210101", "format-20200603", "format-20180301", "broken-references"]
const apps = new Map<string, ReadonlyMap<string, string>>()
beforeAll(async () => {
  for (const name of names) apps.set(name, (await loadApp(fixture(name), { env: {} })).files)
})

/** A subtree to put somewhere: odd JSON, and names that have tripped parsers before. */
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, "", "%(%%values.nothing)", "%(", "%%", "$", "..", "__proto__", "constructor", -0, 1e308, [], {}, [[[]]], { __proto__: null }, { $oid: "x" }, { $numberLong: 1 }, [null], "a/b", "\uD800"),
)
const change = fc.record({ file: fc.nat(), place: fc.nat(), kind: fc.constantFrom("replace", "delete", "rename", "double", "cut", "insert"), value: odd, text: fc.string({ maxLength: 4 }) })
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function apply(files: Map<string, string>, { file, place, kind, value, text }: Change): void {
  const paths = [...files.keys()]
  const path = paths[file % paths.length] as string
  const content = files.get(path) as string
  if (kind === "cut") files.set(path, content.slice(0, place % (content.length + 1)))
  else if (kind === "insert" || !path.endsWith(".json")) files.set(path, content.slice(0, place % (content.length + 1)) + text + content.slice(place % (content.length + 1)))
  else files.set(path, changeJson(content, place, kind, value, text))
}

function changeJson(content: string, place: number, kind: string, value: unknown, text: string): string {
  let root: unknown
  try {
    root = JSON.parse(content)
  } catch {
    return content
  }
  const slots: { owner: Record<string, unknown>; key: string }[] = []
  const collect = (owner: unknown): void => {
    if (typeof owner !== "object" || owner === null) return
    for (const key of Object.keys(owner)) {
      slots.push({ owner: owner as Record<string, unknown>, key })
      collect((owner as Record<string, unknown>)[key])
    }
  }
  collect(root)
  const slot = slots[place % (slots.length + 1)]
  if (slot === undefined) return JSON.stringify(value) ?? ""
  if (kind === "replace") slot.owner[slot.key] = value
  else if (kind === "rename") slot.owner[text] = slot.owner[slot.key]
  if (kind === "delete" || kind === "rename") delete slot.owner[slot.key]
  const written = JSON.stringify(root, undefined, 2)
  return kind === "double" ? written.replace("{", `{${JSON.stringify(slot.key)}: ${JSON.stringify(value) ?? "null"},`) : written
}

function expectOrder(loaded: LoadedApp): void {
  expect(loaded.app === undefined).toBe(hasErrors(loaded.findings) || loaded.draft === undefined)
  for (const { code, line } of loaded.findings) {
    expect(findingCodes).toHaveProperty(code)
    expect(line === undefined || line >= 1).toBe(true)
  }
  for (const { severity, message } of checkApp(loaded)) {
    expect(["error", "warning", "info"]).toContain(severity)
    expect(message).not.toBe("")
  }
}

describe("any change to an app", () => {
  test.each(names)("of %s gives findings and never throws", (name) => {
    fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const files = new Map(apps.get(name))
      for (const each of changes) apply(files, each)
      expectOrder(readApp({ directory: "/app", files }, { env: {}, strict: true }))
    }), { numRuns: 400 })
  })

  test("files at any place with any content", () => {
    const path = fc.constantFrom(
      "root_config.json", "realm_config.json", "config.json", "stitch.json", ".mdb/meta.json", "auth/providers.json", "auth/custom_user_data.json", "auth_providers/a.json", "secrets.json",
      "values/a.json", "environments/qa.json", "environments/x.json", "functions/config.json", "functions/a.js", "functions/a/config.json", "functions/a/source.js", "triggers/a.json",
      "https_endpoints/config.json", "http_endpoints/config.json", "http_endpoints/s/config.json", "http_endpoints/s/incoming_webhooks/h/config.json", "http_endpoints/s/incoming_webhooks/h/source.js",
      "services/s/config.json", "services/s/rules/a.json", "data_sources/s/config.json", "data_sources/s/d/c/rules.json", "data_sources/s/d/c/schema.json", "data_sources/s/default_rule.json",
      "sync/config.json", "graphql/config.json", "hosting/config.json", "log_forwarders/a.json", "data_api_config.json",
    )
    const content = fc.oneof(odd.map((value) => JSON.stringify(value) ?? ""), fc.array(odd).map((value) => JSON.stringify(value)), fc.string())
    fc.assert(fc.property(fc.dictionary(path, content, { maxKeys: 12 }), fc.constantFrom("root_config.json", "stitch.json"), (files, root) => {
      expectOrder(readApp({ directory: "/app", files: new Map([[root, "{\"name\":\"any\"}"], ...Object.entries(files)]) }, { env: {} }))
    }), { numRuns: 500 })
  })

  test("deep nesting is refused, not run into", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
    const loaded = readApp({ directory: "/app", files: new Map([["root_config.json", "{\"name\":\"deep\"}"], ["values/deep.json", deep]]) }, { env: {} })
    expect(loaded.findings.map(({ code, file }) => [code, file])).toContainEqual(["broken-json", "values/deep.json"])
  })
})
