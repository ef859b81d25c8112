// The counts a request leaves in the log (specification 11).
import type { ReadDecision } from "../../engine/index.ts"
import type { RuleMetrics } from "./log.ts"

export interface MetricsCounter {
  /** A document was met, with what was decided; undefined: it hides what the request looks at. */
  count(read: ReadDecision | undefined): void
  /** Documents were met by a role. */
  assign(role: string, documents?: number): void
  readonly total: RuleMetrics
}

export function createMetrics(): MetricsCounter {
  const roles = new Map<string, number>()
  let noMatchingRole = 0
  const assign = (role: string, documents = 1): void => void roles.set(role, (roles.get(role) ?? 0) + documents)
  return {
    count(read) {
      if (read === undefined) return
      if (read.role === undefined) noMatchingRole += 1
      else assign(read.role.role.name)
    },
    assign,
    get total() {
      return { roles: Object.fromEntries([...roles].map(([name, matchingDocuments]) => [name, { matchingDocuments }])), noMatchingRole }
    },
  }
}
