// Letters over SMTP. The library is loaded with the first letter, so that an app without mail does not pay for it.
import type { Transporter } from "nodemailer"
import { InternalError } from "../../kernel/index.ts"
import type { Mailer } from "../users/index.ts"
import { composeLetter } from "./letter.ts"

export interface SmtpOptions {
  /** `smtp:` upgrades to TLS where the server offers it, and insists on it before sending a password to another machine; `smtps:` begins with TLS. */
  readonly url: URL
  readonly from: string
  readonly password?: string
}

const connectMs = 10_000
const answerMs = 20_000

/** Sends letters by one server. Resolves when the server has taken the letter. */
export function createSmtpMailer({ url, from, password }: SmtpOptions): Mailer {
  let transport: Promise<Transporter> | undefined

  async function open(): Promise<Transporter> {
    const { createTransport } = await import("nodemailer")
    const secure = url.protocol === "smtps:"
    const user = decodeURIComponent(url.username)
    const pass = password ?? decodeURIComponent(url.password)
    const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)
    return createTransport({
      host: url.hostname.replaceAll(/[[\]]/g, ""), port: url.port === "" ? (secure ? 465 : 587) : Number(url.port), secure,
      // SECURITY: a password never crosses a network in the clear.
      requireTLS: !secure && user !== "" && !isLocal,
      ...(user === "" ? {} : { auth: { user, pass } }),
      connectionTimeout: connectMs, greetingTimeout: connectMs, socketTimeout: answerMs,
      // SECURITY: letters are made of text alone; nothing in them may name a file or an address to fetch.
      disableFileAccess: true, disableUrlAccess: true,
    })
  }

  return {
    async send(letter) {
      // SECURITY: an address that could be read as a list or as a further header gets no letter.
      if (/[\s<>,;:"\\()[\]]/.test(letter.to)) throw new InternalError("internal", "Cannot send a letter: the address has characters that addresses do not have")
      transport ??= open()
      const { subject } = letter
      await (await transport).sendMail({ from, to: { name: "", address: letter.to }, subject, text: composeLetter(letter) })
    },
  }
}
