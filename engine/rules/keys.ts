// The keys of a role, field entry or filter: known names and aliases, nothing else.
import { childPointer, type JsonPointer } from "../../kernel/index.ts"
import { ExpressionError, type Problems } from "../expressions/index.ts"

/** What an object of a rules file says under its known keys. `null` counts as absent. */
export interface Keys<Key extends string> {
  get(key: Key): unknown
  /** The place of the value, under the name it was written with. */
  pointer(key: Key): JsonPointer
}

export interface KnownKeys<Key extends string> {
  readonly known: readonly Key[]
  /** Other spellings that stand in samples of the documentation. */
  readonly aliases: Readonly<Record<string, Key>>
  readonly pointer: JsonPointer
  readonly problems: Problems
}

// Identifiers that exports put into every object.
const ignored = new Set(["_id", "id"])

/** Reads an object's keys. A key that is not known is an error: a misspelt restriction must not vanish. */
export function readKeys<Key extends string>(raw: unknown, { known, aliases, pointer, problems }: KnownKeys<Key>): Keys<Key> {
  const values = new Map<Key, { value: unknown; written: string }>()
  const report = (code: "unknown-key" | "conflicting-keys" | "wrong-operand", at: JsonPointer, detail: string): void => {
    problems.errors.push(new ExpressionError(code, at, detail))
  }
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) report("wrong-operand", pointer, "an object is wanted here")
  else {
    for (const [written, value] of Object.entries(raw)) {
      const key = known.find((name) => name === written) ?? (Object.hasOwn(aliases, written) ? aliases[written] : undefined)
      if (key === undefined) {
        if (!ignored.has(written)) report("unknown-key", childPointer(pointer, written), "this key is not known here")
      } else if (value !== null) {
        const other = values.get(key)
        if (other !== undefined) report("conflicting-keys", childPointer(pointer, written), `\`${written}\` and \`${other.written}\` are the same key`)
        else values.set(key, { value, written })
      }
    }
  }
  return { get: (key) => values.get(key)?.value, pointer: (key) => childPointer(pointer, values.get(key)?.written ?? key) }
}
