// For development: the link is printed to standard error instead of being sent.
import type { Mailer } from "../users/index.ts"

/** SECURITY: what is printed grants the account; this adapter is made only when the operator asked for it by name. */
export function createConsoleMailer(write: (text: string) => void = (text) => void process.stderr.write(text)): Mailer {
  return {
    async send({ kind, to, link }) {
      write(`mail (${kind}) to ${JSON.stringify(to)}: ${link}\n`)
    },
  }
}
