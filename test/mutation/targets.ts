// What is mutated: the flows of reading and writing (specification of rules, 8 and 9), push-down and filters, and every operator.
export const targets: readonly string[] = [
  "engine/rules/read.ts", "engine/rules/write.ts", "engine/rules/difference.ts", "engine/rules/readable-path.ts", "engine/rules/named-paths.ts", "engine/rules/bound.ts",
  "engine/rules/push-down.ts", "engine/rules/filters.ts", "engine/rules/events.ts", "engine/rules/effective.ts", "engine/rules/filter-query.ts", "engine/rules/predicate-paths.ts", "engine/rules/user-limits.ts", "engine/rules/identical.ts",
  "engine/expressions/checks.ts", "engine/expressions/tests.ts", "engine/expressions/comparisons.ts", "engine/expressions/conversions.ts", "engine/expressions/resolve.ts", "engine/expressions/bound.ts",
  "engine/expressions/compile.ts", "engine/expressions/fast.ts", "engine/expressions/constant-of.ts", "engine/expressions/to-query.ts", "engine/expressions/bind.ts",
  "server/data/targets.ts", "server/data/update.ts", "server/data/insert.ts", "server/data/visible.ts", "server/data/read.ts",
]

/** Suites in the order they are asked, by what is mutated; the first that fails ends the mutant. What takes seconds to say that time is linear is left out. */
export function suitesFor(file: string): readonly (readonly string[])[] {
  if (file.startsWith("engine/expressions/")) return [["test/conformance/expressions.test.ts", "test/engine/expressions"], ["test/model", "test/engine/hostile-values.test.ts"], ["test/conformance/rules.test.ts", "test/engine/rules"]]
  return [["test/conformance/rules.test.ts", "test/engine/rules"], ["test/server/data"], ["test/server/rules-http/matrix.test.ts", "test/server/rules-http/embedded.test.ts"]]
}
