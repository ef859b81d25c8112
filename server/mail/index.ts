// Letters to users: the adapters of the `Mailer` port. Without one, an app's e-mail modes are refused by name.
import { ConfigError } from "../errors.ts"
import type { Mailer } from "../users/index.ts"
import { createConsoleMailer } from "./console.ts"
import { createSmtpMailer } from "./smtp.ts"

export { createConsoleMailer } from "./console.ts"
export { createSmtpMailer, type SmtpOptions } from "./smtp.ts"
export { composeLetter } from "./letter.ts"

export interface MailOptions {
  /** `console`, or an `smtp://` or `smtps://` address. */
  readonly mail: string
  /** The sender; needed for SMTP. */
  readonly from?: string
  /** Kept out of the address, so that it is in no list of processes. Overrides the one in the address. */
  readonly password?: string
}

/** Makes the mailer an operator asked for. Throws `ConfigError`, which quotes neither the address nor the password. */
export function createMailer({ mail, from, password }: MailOptions): Mailer {
  if (mail === "console") return createConsoleMailer()
  const url = URL.canParse(mail) ? new URL(mail) : undefined
  if (url === undefined || (url.protocol !== "smtp:" && url.protocol !== "smtps:") || url.hostname === "") {
    throw new ConfigError("option-invalid", "Cannot send mail: the mail service is neither `console` nor an address like smtp://user@host:587")
  }
  if (from === undefined || from === "") throw new ConfigError("option-invalid", "Cannot send mail: a sender is needed (--mail-from)")
  return createSmtpMailer({ url, from, ...(password === undefined ? {} : { password }) })
}
