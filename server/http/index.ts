// The HTTP face of the server: the client API. Parsing and replying only; what a request means is decided elsewhere.
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify"
import { RequestError } from "../errors.ts"
import { authRoutes } from "./auth-routes.ts"
import { registerCors } from "./cors.ts"
import { addEndpointRoutes } from "./endpoint-routes.ts"
import { functionRoutes } from "./function-routes.ts"
import { addHealthRoutes, type Probe } from "./health.ts"
import { addOperatorRoutes } from "./operator-routes.ts"
import { locationRoutes } from "./location-routes.ts"
import { addMetrics, type Metrics } from "./metrics.ts"
import { addRoutes, clientPrefix, send, sendError } from "./router.ts"
import { unsupportedRoutes } from "./unsupported-routes.ts"
import type { AppRegistry } from "./served-app.ts"

export type { AppRegistry, ServedApp } from "./served-app.ts"
export { createMetrics, type Metrics } from "./metrics.ts"
export { errorReply, type ErrorReply } from "./error-response.ts"

/** Called for what went wrong on our side. SECURITY: gets no body, header or query. */
export type HttpLog = (entry: { readonly method: string; readonly route: string; readonly error: unknown }) => void

export interface HttpOptions {
  readonly apps: AppRegistry
  readonly log: HttpLog
  /** Asks everything the server needs, for `/readyz`. */
  readonly probe: Probe
  readonly metrics: Metrics
  /** Who shows it may read `/metrics` from anywhere; without one, only this machine may. */
  readonly metricsToken?: string | undefined
  /** Who shows it may ask for explanations; without one nobody may. */
  readonly operatorToken?: string | undefined
  /** Addresses and networks of proxies whose `X-Forwarded-*` headers count. */
  readonly trustedProxies?: readonly string[] | undefined
  /** Requests to endpoints and webhooks under way at once, for each app; what comes then is 429. */
  readonly concurrentEndpointRequests?: number | undefined
}

// SOURCE: 18 MB for arguments, headers and payload together; 128 KiB of headers, since custom data travels in one.
const bodyLimit = 18 * 1024 * 1024
const maxHeaderSize = 128 * 1024

const noSchemas = (): never => {
  throw new TypeError("Cannot compile a schema: routes have none")
}

/** Makes the server of the client API. It listens nowhere yet; requests can be injected. */
export async function createHttp({ apps, log, probe, metrics, metricsToken, operatorToken, trustedProxies = [], concurrentEndpointRequests = 10_000 }: HttpOptions): Promise<FastifyInstance> {
  const http = Fastify({
    bodyLimit,
    http: { maxHeaderSize },
    forceCloseConnections: "idle",
    // SECURITY: only proxies that were named; who is trusted may claim any address, and password attempts are counted by it.
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    // No route has a schema of the library's; its compilers of schemas are a sixth of all modules of a start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error, _request, reply) => void sendError(reply, error),
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true, maxParamLength: 512 },
  })
  // SOURCE: native SDKs name a content type on empty bodies, people forget it on full ones: every body is JSON text.
  http.removeAllContentTypeParsers()
  http.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body))
  // The library refuses types it cannot read with 415; here they do not matter.
  http.addHook("onRequest", async ({ raw }) => {
    if (!/^[^\s/;]+\/[^\s/;]+/.test(raw.headers["content-type"] ?? "")) delete raw.headers["content-type"]
  })
  http.setErrorHandler((error, request, reply) => {
    if (isOurs(error)) log({ method: request.method, route: request.routeOptions.url ?? "", error })
    return sendError(reply, error)
  })
  // A preflight is answered before routes are looked for; without an origin it is none, and is answered all the same.
  http.setNotFoundHandler(({ method }, reply) => (method === "OPTIONS" ? send(reply, { status: 204 }) : sendError(reply, new RequestError("NotFound", "no such route"))))
  await registerCors(http, (request) => originsOf(apps, request))
  addMetrics(http, metrics, metricsToken)
  addHealthRoutes(http, probe)
  addOperatorRoutes(http, apps, operatorToken)
  addRoutes(http, apps, [...locationRoutes, ...authRoutes, ...functionRoutes, ...unsupportedRoutes])
  addRoutes(http, apps, [{ method: "GET", path: "/app/:appId/.well-known/jwks.json", handle: async ({ app }) => ({ status: 200, json: JSON.stringify(await app.tokens.jwks()) }) }])
  await addEndpointRoutes(http, apps, { requestBytes: bodyLimit, concurrentRequests: concurrentEndpointRequests })
  return http
}

function isOurs(error: unknown): boolean {
  const fault = (error as { fault?: unknown } | null)?.fault
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  return fault === "server" || (fault === undefined && !(typeof status === "number" && status < 500))
}

/** The origins of the app a request is for; where that cannot be told, those of all apps together. */
function originsOf(apps: AppRegistry, request: FastifyRequest): readonly string[] {
  const id = new RegExp(`^(?:${clientPrefix})?/app/([^/]+)/`).exec(request.url.replaceAll(/\/{2,}/g, "/"))?.[1]
  const named = id === undefined ? undefined : apps.byClientAppId(decodeId(id))
  const candidates = named === undefined ? apps.all() : [named]
  const lists = candidates.map((app) => app.model.allowedRequestOrigins)
  return lists.some((list) => list.length === 0) ? [] : lists.flat()
}

function decodeId(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
