// Who an endpoint's function is called by: admin specification, 9.3 and 9.8.
import type { Document } from "../../kernel/index.ts"
import type { Endpoint } from "../app/index.ts"
import { RequestError, type RequestErrorCode } from "../errors.ts"
import { runAsOf, type FunctionCaller } from "../functions/index.ts"
import { readCredentials } from "./endpoint-credentials.ts"
import { bearerOf } from "./router.ts"
import type { ServedApp } from "./served-app.ts"

export interface EndpointRequest {
  readonly endpoint: Endpoint
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
  readonly address: string
  /** `context.request`. */
  readonly context: Document
}

/** The caller, and the headers that proved him (lower case). SECURITY: those never reach the function. */
export interface KnownCaller { readonly caller: FunctionCaller; readonly proofs: readonly string[] }

/** Finds out who calls. Rejects with the errors of the specification's table. */
export async function findCaller(app: ServedApp, { endpoint, header, body, address, context }: EndpointRequest): Promise<KnownCaller> {
  const called = app.model.functions.get(endpoint.functionName)
  if (called === undefined) throw new RequestError("FunctionNotFound", `function not found: '${endpoint.functionName}'`)
  const customData = endpoint.fetchCustomUserData
  const callerOf = async (userId: string): Promise<FunctionCaller> => {
    const user = await app.contextUser(userId, { customData })
    if (user === null) throw refused()
    return { kind: "user", user, request: context }
  }
  const authorization = header("authorization")?.trim() ?? ""
  // SOURCE: a token that is sent is checked, needed or not; another scheme counts as absent.
  if (/^bearer(?:\s|$)/i.test(authorization)) {
    const { userId } = await known(app.tokens.verifyAccess(bearerOf(authorization) ?? ""))
    return { caller: await callerOf(userId), proofs: ["authorization"] }
  }
  const runAs = runAsOf(called)
  if (runAs.kind === "inherit") {
    const { provider, payload, headers } = readCredentials(header, endpoint.kind === "webhook" ? body : undefined)
    const userId = await logIn(app, provider, payload, { address, existingOnly: !endpoint.createUserOnAuth })
    return { caller: await callerOf(userId), proofs: headers }
  }
  const user = runAs.kind === "user" ? await app.contextUser(runAs.id, { customData }) : null
  return { caller: user === null ? { kind: "system", request: context } : { kind: "user", user, request: context }, proofs: [] }
}

/** Checks credentials as a login does, without a session. A new account's CREATE event is queued; a login it is not. */
async function logIn(app: ServedApp, provider: string, payload: Document, request: { readonly address: string; readonly existingOnly: boolean }): Promise<string> {
  const login = await known(app.users.logIn(provider, payload, request))
  if (login.owed !== undefined) {
    const user = await app.contextUser(login.userId, { customData: true })
    await app.users.announce({ ...login, events: [] }, user?.["custom_data"] as Document | undefined ?? {})
  }
  return login.userId
}

// What says something of an account or a provider. The rest (429, a creation function's veto, an outage) is passed on.
const untold: ReadonlySet<RequestErrorCode> = new Set<RequestErrorCode>([
  "AuthError", "AuthProviderNotFound", "BadRequest", "DomainNotAllowed", "InvalidParameter", "InvalidPassword", "InvalidSession", "MissingAuthReq", "UserDisabled", "UserNotFound",
])

/** SECURITY: whatever is wrong with a proof, the caller learns only that it is. */
async function known<Proof>(proof: Promise<Proof>): Promise<Proof> {
  try {
    return await proof
  } catch (error) {
    if (error instanceof RequestError && untold.has(error.code)) throw refused(error)
    throw error
  }
}

function refused(cause?: RequestError): RequestError {
  return new RequestError("InvalidSession", "invalid session: error finding user for endpoint", cause === undefined ? {} : { cause })
}
