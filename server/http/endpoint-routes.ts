// Custom HTTPS endpoints and legacy webhooks: admin specification, 9. SECURITY: bodies are kept as bytes, which signatures are made over.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { Binary, setField, type Document } from "../../kernel/index.ts"
import { derivedId, type Endpoint } from "../app/index.ts"
import { RequestError } from "../errors.ts"
import { findCaller } from "./endpoint-caller.ts"
import { createEndpointTable, queryOf, routeOf, type EndpointTable } from "./endpoint-lookup.ts"
import { endpointReply, type EndpointReply } from "./endpoint-reply.ts"
import { validateRequest, withoutSecret } from "./endpoint-validation.ts"
import { headersDocument, requestDocument } from "./request-document.ts"
import { appById, clientPrefix } from "./router.ts"
import type { AppRegistry, ServedApp } from "./served-app.ts"
import { isDataApi } from "./unsupported-routes.ts"

export interface EndpointOptions {
  /** Bytes of headers and body together. */
  readonly requestBytes: number
  /** Requests under way at once, for each app. */
  readonly concurrentRequests: number
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]

/** Adds the two addresses: `/app/<id>/endpoint<route>`, and the one webhooks have always had. */
export async function addEndpointRoutes(http: FastifyInstance, apps: AppRegistry, options: EndpointOptions): Promise<void> {
  const tables = new WeakMap<ServedApp, EndpointTable>()
  const running = new WeakMap<ServedApp, number>()

  const tableOf = (app: ServedApp): EndpointTable => {
    const known = tables.get(app) ?? createEndpointTable(app.model)
    tables.set(app, known)
    return known
  }

  function find(request: FastifyRequest): { readonly app: ServedApp; readonly endpoint: Endpoint } {
    const { appId = "", service, hook } = request.params as Readonly<Record<string, string | undefined>>
    const app = appById(apps, appId)
    const route = service === undefined || hook === undefined ? routeOf(request.url) : `/${service}/${hook}`
    const table = tableOf(app)
    const endpoint = service === undefined || hook === undefined ? table.atRoute(route ?? "", request.method) : table.atHook(service, hook, request.method)
    if (endpoint === undefined) throw new RequestError("EndpointNotFound", isDataApi(route ?? "") ? "the generated Data API is not supported" : `no endpoint found for ${route ?? "this address"}`)
    return { app, endpoint }
  }

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { app, endpoint } = find(request)
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
    if (body.length + headerBytes(request) > options.requestBytes) throw new RequestError("PayloadTooLarge", "request body is too large")
    const count = running.get(app) ?? 0
    if (count >= options.concurrentRequests) throw new RequestError("TooManyRequests", "too many requests")
    running.set(app, count + 1)
    const leave = app.enter()
    try {
      return sendReply(reply, await perform(app, endpoint, request, body))
    } finally {
      leave()
      running.set(app, (running.get(app) ?? 1) - 1)
    }
  }

  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body))
    scope.addHook("onRequest", async (request) => {
      // Before the body is read: what is for nobody is refused without holding it.
      find(request)
      // The library refuses types it cannot read, and third parties send those; functions are told of it from the raw headers.
      delete request.raw.headers["content-type"]
    })
    scope.addHook("onSend", async (_request, reply, payload) => {
      if (untyped.has(reply)) reply.removeHeader("content-type")
      return payload
    })
    // The router drops the last slash of an address, which for the route `/` is all of it; what is looked up has the slash.
    for (const url of ["/app/:appId/endpoint", "/app/:appId/endpoint/*", `${clientPrefix}/app/:appId/service/:service/incoming_webhook/:hook`]) scope.route({ method: methods, url, exposeHeadRoute: false, handler: handle })
  })
}

/** INVARIANT: validation, then who calls, then `can_evaluate`, custom data and the function (specification, 9.2). */
async function perform(app: ServedApp, endpoint: Endpoint, request: FastifyRequest, body: Uint8Array): Promise<EndpointReply> {
  const { kind, route } = endpoint
  const header = (name: string): string | undefined => {
    const found = request.headers[name]
    return Array.isArray(found) ? found[0] : found
  }
  const rawQuery = queryOf(request.url)
  validateRequest(endpoint, app.secret, { query: new URLSearchParams(rawQuery), header, body })
  const shownQuery = endpoint.validation === "SECRET_AS_QUERY_PARAM" ? withoutSecret(rawQuery) : rawQuery
  const context: Document = { ...requestDocument(request.raw, request.ip), rawQueryString: shownQuery, httpMethod: request.method, webhookUrl: route }
  const { caller, proofs } = await findCaller(app, { endpoint, header, body, address: request.ip, context })
  const argument: Document = {
    query: queryDocument(shownQuery),
    // SECURITY: what proved the caller to this server is nothing for the function; other headers may be what the function itself checks (decision 0362).
    headers: headersDocument(request.raw, new Set(["email", "password", "jwttokenstring", ...proofs])),
    ...(body.length === 0 ? {} : { body: new Binary(body) }),
  }
  const id = endpoint.id ?? derivedId(kind, app.model.clientAppId, endpoint.method, route)
  const logFields: Document = endpoint.webhook === undefined ? { endpoint_id: id, endpoint_route: route } : { incoming_webhook_id: id, incoming_webhook_name: endpoint.webhook.name }
  const call = { via: kind, logFields, rule: endpoint.canEvaluate, customData: endpoint.fetchCustomUserData } as const
  return app.functions.runEndpoint(endpoint.functionName, argument, caller, call, (result) => endpointReply(endpoint, result, header("accept")))
}

/** SOURCE: specification, 9.5: the first value of a name that comes again. */
function queryDocument(query: string): Document {
  const fields: Document = {}
  for (const [name, value] of new URLSearchParams(query)) if (!Object.hasOwn(fields, name)) setField(fields, name, value)
  return fields
}

function headerBytes({ raw: { rawHeaders } }: FastifyRequest): number {
  return rawHeaders.reduce((sum, text) => sum + text.length, 0)
}

/** Replies whose body has no type: the library adds one, which is taken off before it is sent. */
const untyped = new WeakSet<FastifyReply>()

/** SOURCE: specification, 9.6: a body that the function set without a type gets none. */
function sendReply(reply: FastifyReply, { status, headers, body }: EndpointReply): FastifyReply {
  reply.code(status)
  for (const [name, value] of headers) reply.header(name, value)
  if (body === undefined) return reply.send()
  if (reply.getHeader("content-type") === undefined) untyped.add(reply)
  return reply.send(body)
}
