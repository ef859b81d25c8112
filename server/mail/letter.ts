// What a letter says. Plain text: the link is all that matters, and nothing in it can be taken for markup.
import type { Letter } from "../users/index.ts"

/** The text of a letter. */
export function composeLetter({ kind, link }: Letter): string {
  const what = kind === "confirm" ? "To confirm your email address, open this link:" : "To choose a new password, open this link:"
  return `${what}\n\n${link}\n\nIt works once, for 30 minutes. If you did not ask for it, ignore this message.\n`
}
