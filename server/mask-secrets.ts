// SECURITY: takes secrets out of what is shown to an author of rules. A rule may compare a field with a value that holds a
// secret, or with what a conversion made of it; neither may end on a terminal or in a report.
import { isDocument, setField, type Document, type Value } from "../kernel/index.ts"

export const masked = "(secret)"

/** Shorter texts are masked only where they stand alone: a piece of every word is no secret. */
const shortest = 4

/** Makes a function that copies a value without any of the secrets in it: in text, in keys, and as what conversions make of them. */
export function secretMasker(secrets: Iterable<string>): (value: Value) => Value {
  const texts = [...new Set(secrets)].filter((text) => text !== "").toSorted((left, right) => right.length - left.length)
  const plain = new Set(texts.map(bare))
  const hide = (text: string): string => {
    if (plain.has(bare(text))) return masked
    let hidden = text
    for (const secret of texts) if (secret.length >= shortest) hidden = hidden.replaceAll(secret, masked)
    return hidden
  }
  const mask = (value: Value): Value => {
    if (typeof value === "string") return hide(value)
    if (Array.isArray(value)) return value.map((item: Value) => mask(item))
    if (isDocument(value)) {
      const copy: Document = {}
      for (const key of Object.keys(value)) setField(copy, hide(key), mask(value[key]))
      return copy
    }
    return isSpelling(value, plain) ? masked : value
  }
  return texts.length === 0 ? (value) => value : mask
}

/** Identifiers are compared without case and hyphens: that is all a conversion changes. */
function bare(text: string): string {
  return text.toLowerCase().replaceAll("-", "")
}

/** Whether a value of another type is one of the secrets in other clothes: an ObjectId, a UUID, bytes, a number. */
function isSpelling(value: Value, plain: ReadonlySet<string>): boolean {
  if (value === null || value === undefined || typeof value === "boolean") return false
  if (plain.has(bare(String(value)))) return true
  const { buffer } = value as { buffer?: unknown }
  if (!(buffer instanceof Uint8Array)) return false
  const bytes = Buffer.from(buffer)
  return plain.has(bytes.toString("hex")) || plain.has(bare(bytes.toString("utf8"))) || plain.has(bare(bytes.toString("base64")))
}
