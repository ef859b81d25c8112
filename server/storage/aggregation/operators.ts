// All expression operators by name, and those that MongoDB has and this store has not.
import type { Operator } from "./operands.ts"
import { arithmeticOperators } from "./expressions/arithmetic.ts"
import { arrayOperators } from "./expressions/arrays.ts"
import { bitOperators } from "./expressions/bits.ts"
import { comparisonOperators } from "./expressions/comparison.ts"
import { conversionOperators } from "./expressions/convert.ts"
import { dateArithmeticOperators } from "./expressions/date-arithmetic.ts"
import { dateFromOperators } from "./expressions/date-from.ts"
import { datePartOperators } from "./expressions/date-parts.ts"
import { iterationOperators } from "./expressions/iteration.ts"
import { listMakingOperators } from "./expressions/list-making.ts"
import { objectOperators } from "./expressions/objects.ts"
import { regexOperators } from "./expressions/regex.ts"
import { roundingOperators } from "./expressions/rounding.ts"
import { setOperators } from "./expressions/sets.ts"
import { stringOperators } from "./expressions/strings.ts"
import { substringOperators } from "./expressions/substrings.ts"
import { summaryOperators } from "./expressions/summaries.ts"
import { transcendentalOperators } from "./expressions/transcendental.ts"

/** Every expression operator this store evaluates. */
export const operators: Readonly<Record<string, Operator>> = {
  ...arithmeticOperators, ...arrayOperators, ...bitOperators, ...comparisonOperators, ...conversionOperators, ...dateArithmeticOperators,
  ...dateFromOperators, ...datePartOperators, ...iterationOperators, ...listMakingOperators, ...objectOperators, ...regexOperators,
  ...roundingOperators, ...setOperators, ...stringOperators, ...substringOperators, ...summaryOperators, ...transcendentalOperators,
}

/**
 * Operators of MongoDB that are refused by name.
 * SECURITY: `$function` and `$accumulator` would run a client's JavaScript on the server's own thread.
 */
export const refusedOperators: ReadonlySet<string> = new Set([
  "$function", "$accumulator", "$meta", "$toHashedIndexKey", "$encStrContains", "$encStrEndsWith", "$encStrNormalizedEq",
  "$encStrStartsWith", "$sigmoid", "$similarityCosine", "$similarityDotProduct", "$similarityEuclidean", "$serializeEJSON", "$deserializeEJSON", "$hash", "$hexHash",
])
