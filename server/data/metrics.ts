// The counts a request leaves in the log (specification 11).
import type { ReadDecision } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import type { RoleMetrics, RuleMetrics } from "./log.ts"

export interface MetricsCounter {
  /** A document was met, with what was decided; undefined: it hides what the request looks at. */
  count(read: ReadDecision | undefined, document: Document): void
  /** Documents were met by a role that decides on them whole. */
  assign(role: string, documents?: number): void
  total(): RuleMetrics
}

type Counts = { -readonly [Count in keyof RoleMetrics]: number }

export function createMetrics(): MetricsCounter {
  const roles = new Map<string, Counts>()
  let noMatchingRole = 0
  const countsOf = (role: string): Counts => {
    const known = roles.get(role)
    if (known !== undefined) return known
    const made: Counts = { matchingDocuments: 0, evaluatedFields: 0, discardedFields: 0 }
    roles.set(role, made)
    return made
  }
  return {
    count(read, document) {
      if (read === undefined) return
      if (read.role === undefined) {
        noMatchingRole += 1
        return
      }
      const counts = countsOf(read.role.role.name)
      counts.matchingDocuments += 1
      const evaluated = isLeftToFields(read) ? Object.keys(document).length : 0
      counts.evaluatedFields += evaluated
      if (evaluated > 0) counts.discardedFields += evaluated - (read.outcome === "granted" ? Object.keys(read.document).length : 0)
    },
    assign: (role, documents = 1) => void (countsOf(role).matchingDocuments += documents),
    total() {
      return { roles: Object.fromEntries([...roles].map(([name, counts]) => [name, { ...counts }])), noMatchingRole }
    },
  }
}

/** Whether the permissions of fields were asked: those of the document did not decide. */
function isLeftToFields(read: ReadDecision): boolean {
  return read.outcome === "granted" ? !read.whole : read.because === "nothing-readable"
}
