// Function calls, MongoDB service actions and watch streams: client protocol, sections 4 and 5.
import { ejsonText, fromEjson, isDocument, type Document, type Value } from "../../kernel/index.ts"
import type { Caller } from "../data/index.ts"
import { RequestError } from "../errors.ts"
import type { AccessGrant } from "../tokens/index.ts"
import { userDocument } from "../users/index.ts"
import { longBody, readLongCall } from "./long-call.ts"
import type { Call, Reply, Route } from "./router.ts"
import { readStreamRequest, sendStream } from "./watch-stream.ts"

async function callFunction(call: Call): Promise<Reply> {
  const grant = await call.grant()
  const body: unknown = call.raw.body
  const long = typeof body === "string" && body.length >= longBody ? await readLongCall(body) : undefined
  // A service's argument is read here in any case.
  const { name, service, arguments: args } = long === undefined || (typeof long.service === "string" && long.service !== "") ? call.json() : long
  if (typeof name !== "string" || name === "") throw new RequestError("MissingParameter", "missing the name of the function")
  const caller = await callerOf(call, grant)
  if (typeof service === "string" && service !== "") {
    const result = await call.app.data.call(service, name, argumentOf(args), caller)
    return { status: 200, json: ejsonText(result) }
  }
  return { status: 200, json: await call.app.functions.run(name, args, { kind: "user", user: caller.user, request: caller.request }, { via: "client" }) }
}

/** The user of a token as functions and rules see him: identities as of now, custom data as of the token. */
async function callerOf(call: Call, grant: AccessGrant): Promise<Caller> {
  const user = grant.user ?? (await call.app.tokens.stateOf(grant.userId))
  if (user === undefined) throw new RequestError("InvalidSession", "invalid session")
  let request: Document | undefined
  return {
    system: false,
    user: userDocument(user, grant.customData),
    // Made when a rule or function looks at it: most requests never do.
    get request() {
      return (request ??= call.request())
    },
  }
}

/** Service actions take one argument object. */
function argumentOf(args: unknown): Document {
  const first: Value = fromEjson(Array.isArray(args) ? args[0] : undefined, "/arguments/0")
  if (first === undefined || first === null) return {}
  if (!isDocument(first)) throw new RequestError("InvalidParameter", "the argument of a service action is not an object")
  return first
}

/** SOURCE: realm-web sends the token in the header, realm-core as `baas_at`, Stitch as `stitch_at`. */
const openStream: Route["handle"] = async (call, reply) => {
  const { baas_request: baas, stitch_request: stitch, baas_at: baasToken, stitch_at: stitchToken, stitch_validate: validate } = call.query
  const request = readStreamRequest(baas ?? stitch ?? "")
  const check = (): Promise<AccessGrant> => call.app.tokens.verifyAccess(call.bearer ?? baasToken ?? stitchToken)
  const grant = await check()
  const caller = await callerOf(call, grant)
  if (request["name"] !== "watch" || typeof request["service"] !== "string") throw new RequestError("BadRequest", "only `watch` of a MongoDB service can be streamed")
  const argument = argumentOf(request["arguments"])
  const { database, collection, ids, filter, useCompactEvents } = argument
  if (typeof database !== "string" || typeof collection !== "string") throw new RequestError("MissingParameter", "missing database or collection")
  const stop = new AbortController()
  const { promise: opened, resolve: onOpen } = Promise.withResolvers<void>()
  const events = call.app.data.collection(request["service"], { database, collection }, caller).watch({
    signal: stop.signal, onOpen,
    // What is of another kind is refused there: left out, the whole collection would be watched.
    ...(ids === undefined || ids === null ? {} : { ids: ids as Value[] }),
    ...(filter === undefined || filter === null ? {} : { filter: filter as Document }),
  })
  if (validate === "true") {
    try {
      await Promise.race([opened, events[Symbol.asyncIterator]().next()])
    } finally {
      stop.abort()
    }
    return { status: 200, json: "{}" }
  }
  await sendStream(reply, events, { opened, compact: useCompactEvents === true, expiresAt: grant.expiresAt, now: call.app.clock, check, stop, closing: call.app.closing })
  return undefined
}

export const functionRoutes: readonly Route[] = [
  { method: "POST", path: "/app/:appId/functions/call", handle: callFunction },
  { method: "GET", path: "/app/:appId/functions/call", handle: openStream },
  // SOURCE: push notification was withdrawn earlier; apps that still register should not fail. Nothing is stored.
  { method: "PUT", path: "/app/:appId/push/providers/:service/registration", handle: async (call) => (await call.grant(), { status: 204 }) },
  { method: "DELETE", path: "/app/:appId/push/providers/:service/registration", handle: async (call) => (await call.grant(), { status: 204 }) },
]
