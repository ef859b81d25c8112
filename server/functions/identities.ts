// The identity tokens of one call: unguessable names for the rights its functions may use.
import { randomUUID } from "node:crypto"
import type { Document } from "../../kernel/index.ts"
import type { GuestStart } from "../../runtime/index.ts"
import type { Caller } from "../data/index.ts"
import { RequestError } from "../errors.ts"
import type { FunctionCaller, IdentityOwner } from "./ports.ts"

/** The system user's `context.user`: no id, nothing in it. SOURCE: specification of functions, 3. */
export const systemUser: Document = { type: "system", data: {}, custom_data: {}, identities: [] }

/** `%%request` without a request: nothing is in it. */
export const noRequest: Document = {}

/**
 * `context.request`: what a request does not have is empty text there. SECURITY: `%%request` has no such texts, since they would
 * equal one in a document.
 */
export function shownRequest({ request = noRequest }: FunctionCaller): Document {
  return { ...(request === noRequest ? { remoteIPAddress: "", requestHeaders: {}, rawQueryString: "" } : {}), service: "", action: "", ...request }
}

/** Which identities the app's functions can ask for. */
export interface IdentityNeeds {
  readonly system: boolean
  readonly userIds: readonly string[]
  /** Names of functions with an identity script. */
  readonly scripts: readonly string[]
}

/** Key of `identities.users` that stands for what the identity script of a function chose. */
export const scriptKey = (name: string): string => `\0script:${name}`

export type ScriptResult = { readonly system: true } | { readonly system: false; readonly userId: string }

export class Identities {
  readonly guest: GuestStart["identities"]
  readonly caller: Caller
  readonly #owners = new Map<string, IdentityOwner>()
  readonly #lookup: (userId: string) => Promise<Document | null>
  readonly #scripts = new Map<string, Promise<{ readonly identity: string; readonly system: boolean }>>()
  readonly #runScript: (name: string) => Promise<ScriptResult>

  constructor(caller: FunctionCaller, needs: IdentityNeeds, ruleDepth: number | undefined, lookup: (userId: string) => Promise<Document | null>, runScript: (name: string) => Promise<ScriptResult>) {
    const depth = ruleDepth === undefined ? {} : { ruleDepth }
    this.caller = caller.kind === "user"
      ? { system: false, user: caller.user, request: caller.request, ...depth }
      : { system: true, user: systemUser, request: caller.request ?? noRequest, ...depth }
    this.#lookup = lookup
    this.#runScript = runScript
    const users: Record<string, string> = {}
    for (const id of needs.userIds) users[id] = this.#issue(() => this.#asUser(id))
    for (const name of needs.scripts) users[scriptKey(name)] = this.#issue(() => Promise.reject(new RequestError("FunctionExecutionError", "the identity script has not run")))
    const callerToken = this.#issue(() => Promise.resolve(this.caller))
    const isSystem = caller.kind === "system"
    // SECURITY: a call that no system function can be part of holds no token of the system.
    const system = isSystem ? callerToken : needs.system ? this.#issue(() => Promise.resolve({ ...this.caller, system: true })) : ""
    this.guest = { caller: callerToken, system, users }
  }

  #issue(owner: IdentityOwner): string {
    const token = randomUUID()
    this.#owners.set(token, owner)
    return token
  }

  async #asUser(id: string): Promise<Caller> {
    const user = await this.#lookup(id)
    if (user === null) throw new RequestError("FunctionExecutionError", "the user that the function runs as does not exist or is disabled")
    return { ...this.caller, system: false, user }
  }

  /** Whose rights a token stands for. SECURITY: a token of another call, or a made-up one, is refused. */
  ownerOf(token: string): Promise<Caller> {
    const owner = this.#owners.get(token)
    return owner === undefined ? Promise.reject(new RequestError("FunctionExecutionError", "the identity is not one of this call")) : owner()
  }

  /** Fails unless the user a function always runs as exists and may log in. */
  async userToken(id: string): Promise<string> {
    await this.#asUser(id)
    return this.guest.users[id] ?? ""
  }

  /** Runs the identity script of a function, once a call, and gives the token for whom it chose. */
  fromScript(name: string): Promise<{ readonly identity: string; readonly system: boolean }> {
    const known = this.#scripts.get(name)
    if (known !== undefined) return known
    const found = this.#choose(name)
    this.#scripts.set(name, found)
    return found
  }

  async #choose(name: string): Promise<{ readonly identity: string; readonly system: boolean }> {
    const token = this.guest.users[scriptKey(name)]
    if (token === undefined) throw new RequestError("FunctionExecutionError", "the function has no identity script")
    const result = await this.#runScript(name)
    const owner = result.system ? { ...this.caller, system: true } : await this.#asUser(result.userId)
    this.#owners.set(token, () => Promise.resolve(owner))
    return { identity: token, system: result.system }
  }
}
