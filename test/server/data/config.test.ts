// How rules and schemas are found for a namespace (specification of rules, 1 and 6.3).
import { expect, test } from "vitest"
import { bindRules, createCallTable, defaultRuleSettings } from "../../../engine/index.ts"
import { compileDataSource, type DataSourceFiles, type Namespace } from "../../../server/data/index.ts"

const file = (raw: unknown, name = "rules.json"): { file: string; raw: unknown } => ({ file: name, raw })
const roles = (name: string): unknown => ({ roles: [{ name, apply_when: {}, read: true }] })
const at = (database: string, collection: string): Namespace => ({ database, collection })
const source = (files: Partial<DataSourceFiles>): ReturnType<typeof compileDataSource> => compileDataSource({ name: "s", type: "mongodb-atlas", defaultRule: undefined, collections: [], ...files })
const roleAt = ({ dataSource }: ReturnType<typeof source>, namespace: Namespace): string | undefined => dataSource.rulesOf(namespace)?.roles[0]?.name

test("rules belong to database and collection together, and no two namespaces share a key", () => {
  const both = source({ collections: [{ ...at("a.b", "c"), rules: file(roles("one")), schema: undefined }, { ...at("a", "b.c"), rules: file(roles("two")), schema: undefined }, { ...at('a","b', "c"), rules: file(roles("three")), schema: undefined }] })
  expect([at("a.b", "c"), at("a", "b.c"), at('a","b', "c"), at("a", "b"), at("c", "a.b")].map((namespace) => roleAt(both, namespace))).toEqual(["one", "two", "three", undefined, undefined])
})

test("the default serves what has no file or no roles, also what is in no list", () => {
  const mixed = source({ defaultRule: file(roles("default")), collections: [{ ...at("d", "own"), rules: file(roles("own")), schema: undefined }, { ...at("d", "empty"), rules: file({ roles: [] }), schema: undefined }, { ...at("d", "bare"), rules: undefined, schema: undefined }] })
  expect(["own", "empty", "bare", "unlisted"].map((collection) => roleAt(mixed, at("d", collection)))).toEqual(["own", "default", "default", "default"])
  const none = source({ collections: [{ ...at("d", "empty"), rules: file({ roles: [] }), schema: undefined }] })
  expect(["empty", "unlisted"].map((collection) => none.dataSource.rulesOf(at("d", collection)))).toEqual([undefined, undefined])
})

test("the default serves nothing of the database's own; a file of its own does", () => {
  const own = [at("local", "oplog.rs"), at("d", "system.profile")]
  const { dataSource } = source({ defaultRule: file(roles("default")), collections: [...own.map((namespace) => ({ ...namespace, rules: file(roles("own")), schema: undefined })), { ...at("admin", "empty"), rules: file({ roles: [] }), schema: undefined }] })
  const nameAt = (namespace: Namespace): string | undefined => dataSource.rulesOf(namespace)?.roles[0]?.name
  expect([at("admin", "system.users"), at("admin", "c"), at("admin", "empty"), at("config", "chunks"), at("local", "startup_log"), at("d", "system.views")].map(nameAt)).toEqual(Array(6).fill(undefined))
  expect(own.map(nameAt)).toEqual(["own", "own"])
  expect([at("administration", "c"), at("d", "systems"), at("d", "admin"), at("d", "a.system.b")].map(nameAt)).toEqual(Array(4).fill("default"))
})

test("Data Federation has no rules: its files are not read, and nobody but the system user is served", () => {
  const federated = source({ type: "datalake", defaultRule: file({ roles: 5 }), collections: [{ ...at("d", "c"), rules: file(roles("own")), schema: file({ bsonType: "objekt" }, "schema.json") }] })
  expect(federated.problems).toEqual([])
  expect([federated.dataSource.rulesOf(at("d", "c")), federated.dataSource.schemaOf(at("d", "c"))]).toEqual([undefined, undefined])
})

test("every problem is told with its file", () => {
  const { problems } = source({ defaultRule: file({ roles: 5 }, "default_rule.json"), collections: [{ ...at("d", "c"), rules: file({ roles: [{ name: "r", apply_when: {}, read: true, writes: 1 }] }, "c/rules.json"), schema: file({ bsonType: "objekt" }, "c/schema.json") }, { ...at("d", "fine"), rules: file(roles("own")), schema: file({}) }] })
  expect(problems.map(({ file: name, errors }) => [name, errors.map(({ code }) => code)])).toEqual([["default_rule.json", ["wrong-operand"]], ["c/rules.json", ["unknown-key"]], ["c/schema.json", ["wrong-operand"]]])
  expect(source({ collections: [{ ...at("d", "c"), rules: file({ roles: [{ name: "r", read: true }] }), schema: undefined }] }).problems).toMatchObject([{ file: "rules.json", errors: [], warnings: [{ code: "never-applies" }] }])
})

test("schemas are found by namespace; one that admits everything is none", () => {
  const { dataSource } = source({ collections: [{ ...at("d", "c"), rules: undefined, schema: file({ bsonType: "object", required: ["a"] }) }, { ...at("d", "open"), rules: undefined, schema: file({}) }] })
  // Null types are off unless the app wants them.
  const [strict, lenient] = [undefined, { nullTypes: true }].map((options) => compileDataSource({ name: "s", type: "mongodb-atlas", defaultRule: undefined, collections: [{ ...at("d", "c"), rules: undefined, schema: file({ properties: { a: { bsonType: "int" } } }) }] }, options).dataSource.schemaOf(at("d", "c")))
  expect([strict, lenient].map((schema) => schema?.check({ a: null }, undefined, bindRules({ roles: [], filters: [] }, {}, createCallTable(), defaultRuleSettings)).length)).toEqual([1, 0])
  expect(["c", "open", "other"].map((collection) => dataSource.schemaOf(at("d", collection)) !== undefined)).toEqual([true, false, false])
})
