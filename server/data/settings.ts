import { defaultRuleSettings, type RuleSettings, type UserLimits } from "../../engine/index.ts"

/** What can be chosen about the data service. The defaults are the specification's. */
export interface DataSettings {
  readonly rules: RuleSettings
  /** Whether users may use `$regex` and regular expressions in queries. */
  readonly usersMayUseRegex: boolean
  /** A client's `findOneAndReplace` without `update`: realm-web 2.0.1 sends it for `findOneAndDelete`. */
  readonly findOneAndReplaceWithoutUpdate: "delete" | "error"
  /** Documents a user's request may bring back; what is beyond is cut off and logged. */
  readonly maxResultDocuments: number
  /** Distinct calls of rule functions one request may make. */
  readonly maxRuleCalls: number
  /** How deep rules may call functions that read under rules that call functions. */
  readonly maxRuleDepth: number
  /** How often a write is decided anew because another writer came between. */
  readonly maxWriteAttempts: number
}

export const defaultDataSettings: DataSettings = {
  rules: defaultRuleSettings, usersMayUseRegex: false, findOneAndReplaceWithoutUpdate: "delete",
  maxResultDocuments: 50_000, maxRuleCalls: 1_000, maxRuleDepth: 3, maxWriteAttempts: 50,
}

/** The settings as `engine/` asks for them. */
export function userLimits({ usersMayUseRegex }: DataSettings): UserLimits {
  return { mayUseRegex: usersMayUseRegex }
}
