// The flows of `local-userpass` (specification of users, 4.3): register, confirm, reset, log in.
import { InternalError, type Document, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { isOutage, type Credentials } from "./accounts.ts"
import type { Attempts } from "./attempts.ts"
import type { Passwords } from "./passwords.ts"
import type { Mailer, ProviderConfig, UserFunctions } from "./ports.ts"
import type { OneTimeToken, Registration, Registrations } from "./registrations.ts"

export interface UserpassOptions {
  readonly registrations: Registrations
  readonly passwords: Passwords
  readonly functions: UserFunctions
  readonly mailer: Mailer | undefined
  /** The provider's configuration now; throws when it is disabled. */
  readonly config: () => ProviderConfig
  readonly providerId: () => string
  /** Attempts at passwords, by account and address, and requests for letters and functions. */
  readonly attempts: Attempts
  readonly requests: Attempts
  /** Ends all sessions of a user. */
  readonly endSessions: (userId: string) => Promise<void>
  /** Whether the user of a registration turns out to be deleted, so that the address is free. */
  readonly isFreed: (userId: string) => Promise<boolean>
  /** Answer requests about unknown addresses like those about known ones. */
  readonly hideUnknownUsers: boolean
}

/** Each method is one route; payloads are decoded bodies, `address` is where the request came from. */
export interface Userpass {
  register(payload: Document, address: string): Promise<void>
  confirm(payload: Document): Promise<void>
  sendConfirmation(payload: Document, address: string): Promise<void>
  callConfirmation(payload: Document, address: string): Promise<void>
  reset(payload: Document): Promise<void>
  sendReset(payload: Document, address: string): Promise<void>
  callReset(payload: Document, address: string): Promise<void>
  check(payload: Document, address: string, linking: boolean): Promise<{ readonly credentials: Credentials; readonly registration: Registration }>
  /** What the administrator's "run the confirmation again" does. */
  runConfirmation(registration: Registration): Promise<void>
  hashNew(password: Value): Promise<string>
}

/** Makes the flows. */
export function createUserpass({ registrations, passwords, functions, mailer, config, providerId, attempts, requests, endSessions, isFreed, hideUnknownUsers }: UserpassOptions): Userpass {
  type Mode = { readonly kind: "automatic" } | { readonly kind: "function"; readonly name: string } | { readonly kind: "letter" }

  function confirmMode(): Mode {
    const { config: { runConfirmationFunction, confirmationFunctionName, autoConfirm } } = config()
    // SOURCE: specification 4.3 has exactly one way; of two that are on, decision 0248.
    if (autoConfirm === true) return { kind: "automatic" }
    return runConfirmationFunction === true && typeof confirmationFunctionName === "string" ? { kind: "function", name: confirmationFunctionName } : { kind: "letter" }
  }

  async function sendLetter(kind: "confirm" | "reset", email: string, made: OneTimeToken): Promise<void> {
    const { config: { emailConfirmationUrl, confirmEmailSubject, resetPasswordUrl, resetPasswordSubject } } = config()
    const [url, subject, usual] = kind === "confirm" ? [emailConfirmationUrl, confirmEmailSubject, "Confirm your email address"] : [resetPasswordUrl, resetPasswordSubject, "Reset your password"]
    if (mailer === undefined || typeof url !== "string" || !URL.canParse(url)) throw new RequestError("BadRequest", `cannot send email: no mail service or no URL is configured for \`${kind}\``)
    const link = new URL(url)
    link.searchParams.set("token", made.token)
    link.searchParams.set("tokenId", made.tokenId)
    try {
      await mailer.send({ kind, to: email, subject: typeof subject === "string" && subject !== "" ? subject : usual, link: link.href, ...made })
    } catch (cause) {
      throw new InternalError("unavailable", "Cannot send an email: the mail service refused it", { cause })
    }
  }

  /** Calls the confirmation function; a refusal leaves nothing behind, so that the address is free. */
  async function confirmByFunction(name: string, registration: Registration): Promise<void> {
    const { token, tokenId } = await registrations.newToken(registration, "confirm")
    const status = await statusOf(name, [{ username: registration.email, token, tokenId }])
    if (status === "success") return registrations.confirm(registration)
    if (status === "pending") return undefined
    await registrations.remove(registration)
    throw new RequestError("BadRequest", `failed to confirm user "${registration.email}"`)
  }

  async function statusOf(name: string, args: readonly Value[]): Promise<"success" | "pending" | "fail"> {
    try {
      const result = await functions.call(name, args)
      const status = typeof result === "object" && result !== null && Object.hasOwn(result, "status") ? (result as Document)["status"] : undefined
      return status === "success" || status === "pending" ? status : "fail"
    } catch (error) {
      if (isOutage(error)) throw error
      return "fail"
    }
  }

  /** The registration a request is about; undefined when it is unknown and that must not show. */
  async function subjectOf(email: string): Promise<Registration | undefined> {
    const registration = await registrations.find(email)
    if (registration === undefined && !hideUnknownUsers) throw new RequestError("UserNotFound", "user not found")
    return registration
  }

  async function unconfirmed(payload: Document, address: string): Promise<Registration | undefined> {
    const email = readEmail(payload["email"])
    if (confirmMode().kind === "automatic") throw new RequestError("BadRequest", `cannot run confirmation for ${email}: automatic confirmation is enabled`)
    await requests.count(`${email} ${address}`)
    const registration = await subjectOf(email)
    if (registration?.confirmed === true) {
      if (hideUnknownUsers) return undefined
      throw new RequestError("UserAlreadyConfirmed", "already confirmed")
    }
    return registration
  }

  async function hashNew(password: Value): Promise<string> {
    return passwords.hash(readPassword(password))
  }

  async function runConfirmation(registration: Registration): Promise<void> {
    const mode = confirmMode()
    if (mode.kind === "automatic") return registrations.confirm(registration)
    if (mode.kind === "function") return confirmByFunction(mode.name, registration)
    return sendLetter("confirm", registration.email, await registrations.newToken(registration, "confirm"))
  }

  /** An address whose user was being deleted when the process ended. */
  async function isLeftOver(email: string): Promise<boolean> {
    const found = await registrations.find(email)
    return found !== undefined && found.userId !== "" && isFreed(found.userId)
  }

  /** Sets a new password. Sessions end before, so that a process that dies in between leaves none of the old one, and again for those begun meanwhile. */
  async function replacePassword(token: Document, registration: Registration, passwordHash: string): Promise<void> {
    if (registration.userId !== "") await endSessions(registration.userId)
    await registrations.redeem(token, "reset", { hash: passwordHash })
    if (registration.userId !== "") await endSessions(registration.userId)
  }

  return {
    hashNew,
    runConfirmation,
    async register(payload, address) {
      const mode = confirmMode()
      const email = readEmail(payload["email"])
      readPassword(payload["password"])
      await requests.count(`${email} ${address}`)
      const passwordHash = await hashNew(payload["password"])
      const add = (): Promise<Registration | undefined> => registrations.add(email, passwordHash, mode.kind === "automatic")
      const registration = (await add()) ?? ((await isLeftOver(email)) ? await add() : undefined)
      if (registration === undefined) throw new RequestError("AccountNameInUse", "name already in use")
      if (mode.kind === "automatic") return
      try {
        await runConfirmation(registration)
      } catch (error) {
        await registrations.remove(registration)
        throw error
      }
    },
    async confirm(payload) {
      config()
      await registrations.redeem(payload, "confirm", { confirmed: true })
    },
    async sendConfirmation(payload, address) {
      if (confirmMode().kind === "function") throw new RequestError("BadRequest", "please use confirm via function")
      const registration = await unconfirmed(payload, address)
      if (registration !== undefined) await sendLetter("confirm", registration.email, await registrations.newToken(registration, "confirm"))
    },
    async callConfirmation(payload, address) {
      const mode = confirmMode()
      if (mode.kind === "letter") throw new RequestError("BadRequest", "please use confirm via email")
      const registration = await unconfirmed(payload, address)
      if (registration !== undefined && mode.kind === "function") await confirmByFunction(mode.name, registration)
    },
    async reset(payload) {
      config()
      const registration = await registrations.redeemable(payload, "reset")
      const passwordHash = await hashNew(payload["password"])
      await replacePassword(payload, registration, passwordHash)
    },
    async sendReset(payload, address) {
      if (config().config["runResetFunction"] === true) throw new RequestError("BadRequest", "please use reset password via function")
      const email = readEmail(payload["email"])
      await requests.count(`${email} ${address}`)
      const registration = await subjectOf(email)
      if (registration !== undefined) await sendLetter("reset", registration.email, await registrations.newToken(registration, "reset"))
    },
    async callReset(payload, address) {
      const { config: { runResetFunction, resetFunctionName } } = config()
      if (runResetFunction !== true || typeof resetFunctionName !== "string") throw new RequestError("BadRequest", "please use reset password via email")
      const email = readEmail(payload["email"])
      const password = readPassword(payload["password"])
      const args = payload["arguments"]
      // SECURITY: the function is told whether the password is right, so each call counts as an attempt at it.
      await attempts.count(`${email} ${address}`)
      const registration = await subjectOf(email)
      if (registration === undefined) return
      const { right } = await passwords.verify(password, registration.passwordHash)
      const made = await registrations.newToken(registration, "reset")
      const status = await statusOf(resetFunctionName, [{ username: email, password, ...made, currentPasswordValid: right }, ...(Array.isArray(args) ? (args as Value[]) : [])])
      if (status === "fail") throw new RequestError("BadRequest", `failed to reset password for user "${email}"`)
      if (status === "success") {
        await replacePassword({ ...made }, registration, await passwords.hash(password))
      }
    },
    async check(payload, address, linking) {
      config()
      const { username: email, password } = payload
      const wrong = new RequestError("InvalidPassword", linking ? "invalid username/password" : "unauthorized")
      if (typeof email !== "string" || typeof password !== "string" || password.length > 512) throw wrong
      const attempt = await attempts.begin(`${email} ${address}`)
      const registration = await registrations.find(email)
      // SECURITY: an unknown address costs one hash like a known one.
      const { right, outdated } = await passwords.verify(password, registration?.passwordHash)
      if (registration === undefined || !right) {
        await attempt.failed()
        throw wrong
      }
      await attempt.succeeded()
      if (!registration.confirmed) throw new RequestError("AuthError", linking ? "confirmation required" : "unauthorized")
      if (outdated) await registrations.setHash(registration, await passwords.hash(password))
      return { registration, credentials: { identity: { id: registration.identityId, providerType: "local-userpass", providerId: providerId(), data: { email } } } }
    },
  }
}

/** SOURCE: specification 4.3 and 6a: 1 to 128 characters, with text on both sides of exactly one `@`. */
export function readEmail(value: Value): string {
  if (typeof value !== "string" || [...value].length > 128 || !/^[^@]+@[^@]+$/.test(value)) throw new RequestError("BadRequest", "email invalid")
  return value
}

function readPassword(value: Value): string {
  const length = typeof value === "string" ? [...value].length : 0
  if (typeof value !== "string" || length < 6 || length > 128) throw new RequestError("BadRequest", "password must be between 6 and 128 characters")
  return value
}
