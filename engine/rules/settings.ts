/** Choices where App Services' documentation is silent or disagrees with itself (specification 21). The defaults refuse. */
export interface RuleSettings {
  /** What the role of a document after its change must do: admit the write too, merely exist, or nothing. */
  readonly roleAfterWrite: "writes" | "any" | "none"
  /** Documents that an update or delete meets and the user may not see. */
  readonly hiddenOnWrite: "skip" | "refuse"
  /** Predicates and sorts on paths the user may not read. */
  readonly queryOnUnreadable: "no-match" | "match"
  /** The absent half of `document_filters`. */
  readonly absentDocumentFilter: "deny" | "grant"
  /** Whether a document-level `write` that is not true ends the matter, or writable fields can lift it. */
  readonly writeFalse: "final" | "fields"
  readonly absentSearch: "deny" | "grant"
  /** Whether a visible document shows its `_id` even if no permission names it. */
  readonly alwaysShowId: boolean
}

export const defaultRuleSettings: RuleSettings = {
  roleAfterWrite: "writes", hiddenOnWrite: "skip", queryOnUnreadable: "no-match", absentDocumentFilter: "deny",
  writeFalse: "final", absentSearch: "deny", alwaysShowId: false,
}
