// Names: documented lengths and alphabets. Beyond them is a warning, older apps have others.
import { createHash } from "node:crypto"
import type { Report, Spot } from "./findings.ts"

/** Values, secrets, triggers, services: at most 64 letters, digits, `_`, `-`. */
export function checkName(name: string, at: Spot, report: Report): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) report.warning("bad-name", at, `\`${name}\` has other characters than letters, digits, \`_\` and \`-\`, or more than 64`)
}

/** Values: as `checkName`, and the first is a letter or a digit. */
export function checkValueName(name: string, at: Spot, report: Report): void {
  if (/^[_-]/.test(name)) report.warning("bad-name", at, `\`${name}\` does not begin with a letter or a digit`)
  else checkName(name, at, report)
}

/** A 24-digit id that is the same at every load, for entities whose export has none; `parts` are its kind and names. */
export function derivedId(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\u0000")).digest("hex").slice(0, 24)
}
