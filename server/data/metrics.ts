// The counts a request leaves in the log (specification 11).
import type { ReadDecision } from "../../engine/index.ts"
import type { RuleMetrics } from "./log.ts"

export interface MetricsCounter {
  /** A document was met, with what was decided; undefined: it hides what the request looks at. */
  count(read: ReadDecision | undefined): void
  /** A document was met by a role, or one role serves all of them. */
  assign(role: string): void
  readonly total: RuleMetrics
}

export function createMetrics(): MetricsCounter {
  const roles = new Map<string, number>()
  let noMatchingRole = 0
  const assign = (role: string): void => void roles.set(role, (roles.get(role) ?? 0) + 1)
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
