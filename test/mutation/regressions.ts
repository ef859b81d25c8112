// The faults R1 to R24 put back, one at a time: each must make exactly the test of its name fail (test/server/rules-http/regressions.ts).

/** One place of a file, as it is and with the fault. */
interface Edit { readonly file: string; readonly is: string; readonly becomes: string }

/** A fault put back. `test`: the name its tests begin with. */
export interface Fault { readonly test: string; readonly what: string; readonly edits: readonly Edit[] }

const fault = (test: string, what: string, file: string, is: string, becomes: string): Fault => ({ test, what, edits: [{ file, is, becomes }] })

/** Every fault, in the order of the names. */
export const faults: readonly Fault[] = [
  fault("R1", "a boolean equals the other one", "engine/expressions/tests.ts",
    `if (typeof operand === "boolean") return (value) => value === operand`, `if (typeof operand === "boolean") return (value) => typeof value === "boolean"`),
  fault("R2", "only the first operator on a field counts", "engine/expressions/parse.ts",
    `return every(keys.filter((key) => !isOptions(key, keys)).map((key) => {`, `return every(keys.filter((key) => !isOptions(key, keys)).slice(0, 1).map((key) => {`),
  fault("R3", "keys beside a logical operator are ignored", "engine/expressions/parse.ts",
    `return every(Object.keys(raw).map((key) => readMember(key, raw[key], below(place, key))), place)`,
    `return every((Object.keys(raw).some(looksLikeOperator) ? Object.keys(raw).filter(looksLikeOperator) : Object.keys(raw)).map((key) => readMember(key, raw[key], below(place, key))), place)`),
  fault("R4", "an empty list of alternatives loads", "engine/expressions/parse.ts", `if (!Array.isArray(raw) || raw.length === 0) {`, `if (!Array.isArray(raw)) {`),
  fault("R5", "custom data that looks like an expansion is expanded", "engine/expressions/bind.ts",
    `const value = valueAt(root, path)\n`, `const first = valueAt(root, path)\n      const value = first === "%%user.id" ? valueAt(known.user as Value, ["id"]) : first\n`),
  fault("R6", "an expansion without a value stands for its own text", "engine/expressions/bind.ts",
    `return value === missing ? { kind: "missing" } : { kind: "literal", value, expanded: true }`,
    `return { kind: "literal", value: value === missing ? \`%%\${[operand.source, ...operand.path].join(".")}\` : value, expanded: true }`),
  fault("R7", "an upsert is not judged by a role", "server/data/update.ts", `await judgeInsert(request, upserted.document, upserted.generatedId)`, `await checkSchema(request, "insert", upserted.document)`),
  { test: "R8", what: "a document without a role gets that of what it becomes", edits: [
    { file: "server/data/targets.ts", is: `=== "refuse" ? {} : roles.query])`, becomes: `=== "refuse" || roles.exact ? {} : roles.query])` },
    { file: "server/data/targets.ts", is: `const met = await request.decide((rules) => meet(rules, before, paths, changed))`,
      becomes: `const asStored = await request.decide((rules) => meet(rules, before, paths, changed))\n  const becoming = asStored === "no-role" ? await judge.result(before) : null\n  const met = becoming === null ? asStored : await request.decide((rules) => meet(rules, becoming, paths, changed))` },
  ] },
  fault("R9", "fields that an update removes are not asked about", "engine/rules/write.ts",
    `for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {`, `for (const field of Object.keys(after)) {`),
  fault("R10", "a pipeline runs over the whole collection", "server/data/read.ts",
    `return store.aggregateOver(projected(store, visibleDocuments(request, plan, {}), plan.filters.projections, {}), pipeline, options)`, `return store.aggregate(namespace, pipeline, {})`),
  fault("R11", "a count asks the store without rules", "server/data/read.ts",
    `const counted = await countVisible(request, plan, limit)`, `const counted = await request.store.count(request.namespace, filter, limit === 0 ? {} : { limit })`),
  fault("R12", "`insert` is not asked where there are fields", "engine/rules/write.ts",
    `return role.insert === undefined ||`, `return role.insert === undefined || role.fields !== undefined ||`),
  fault("R13", "rules are found by the name of the collection alone", "server/data/config.ts", `return JSON.stringify([database, collection])`, `return JSON.stringify(database === "" ? [] : collection)`),
  fault("R14", "what a function reads through cursors is read as the system user", "server/functions/capabilities.ts",
    `database: operation.database, collection: operation.collection }, caller, session)`,
    `database: operation.database, collection: operation.collection }, operation.name === "find" || operation.name === "aggregate" ? { system: true, request: {}, user: { type: "system" } } : caller, session)`),
  fault("R15", "a schema is not asked", "server/data/schema.ts", `if (schema === undefined) return\n`, `if (schema === undefined || kind !== undefined) return\n`),
  fault("R16", "the default rule is ignored", "engine/rules/effective.ts", `if (defaults === undefined || defaults.roles.length === 0) return undefined`, `if (defaults === undefined || defaults.roles.length > 0) return undefined`),
  fault("R17", "values of the app are missing", "engine/expressions/resolve.ts",
    `const root = known[source as keyof KnownScope]`, `const root = source === "values" ? undefined : known[source as keyof KnownScope]`),
  fault("R18", "permissions below a field are not looked at", "engine/rules/read.ts",
    `if (entry.read !== undefined || entry.fields === undefined) return hidden`, `if (entry.read !== undefined || entry.fields !== undefined) return hidden`),
  fault("R19", "only the first filter is used", "engine/rules/filters.ts", `const applied = rules.filters.filter(`, `const applied = rules.filters.slice(0, 1).filter(`),
  fault("R20", "a filter applies whatever its `apply_when` says", "engine/rules/filters.ts", `rules.decide(applyWhen) !== false)`, `rules.decide(applyWhen) !== null)`),
  fault("R21", "dates have no order", "engine/expressions/tests.ts", `case rank.string: case rank.date: case`, `case rank.string: case`),
  fault("R22", "a deletion is shown to everyone", "engine/rules/events.ts", `return { event: visible ? (`, `return { event: visible || true ? (`),
  fault("R23", "a refusal of a deletion has neither code nor 4xx", "server/data/refusals.ts",
    `export function refusedByRole(kind: WriteKind, decision: Extract<WriteDecision, { outcome: "refused" }>): PermissionError {\n`,
    `export function refusedByRole(kind: WriteKind, decision: Extract<WriteDecision, { outcome: "refused" }>): PermissionError {\n  if (kind === "delete") throw new Error("whatever")\n`),
  fault("R24", "a limit counts documents that are then hidden", "server/data/visible.ts",
    `findVisible(request, plan, { ...order, batchSize: skip + limit })`, `findVisible(request, plan, { ...order, ...bounds })`),
]
