// How two copies of custom user data differ, field by field.

/** Custom user data in the claim's spelling. */
export type Claim = Readonly<Record<string, unknown>>

/** A field that differs: its path, and the values in the claim's spelling; undefined where it is absent. */
export interface SnapshotDifference {
  readonly field: string
  readonly snapshot: unknown
  readonly now: unknown
}

/** Compares a copy with the document as it is now. Embedded documents are gone into; what is a list or one value of Extended JSON is compared whole. */
export function difference(snapshot: Claim, now: Claim, prefix = ""): SnapshotDifference[] {
  return [...new Set([...Object.keys(snapshot), ...Object.keys(now)])].flatMap((name) => {
    const [before, after] = [own(snapshot, name), own(now, name)]
    const field = `${prefix}${name}`
    if (JSON.stringify(before) === JSON.stringify(after)) return []
    return isEmbedded(before) && isEmbedded(after) ? difference(before, after, `${field}.`) : [{ field, snapshot: before, now: after }]
  })
}

function own(of: Claim, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined
}

/** A document that is not the spelling of one value, and has fields to name. */
function isEmbedded(value: unknown): value is Claim {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const names = Object.keys(value)
  return names.length > 0 && !names.some((name) => name.startsWith("$"))
}
