// Routes as a table: which app, which token, what is parsed; a handler is parse, call, reply.
import { createHash, timingSafeEqual } from "node:crypto"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { fromEjson, isDocument, type Document } from "../../kernel/index.ts"
import { noSession, RequestError } from "../errors.ts"
import type { AccessGrant } from "../tokens/index.ts"
import { errorReply } from "./error-response.ts"
import { requestDocument } from "./request-document.ts"
import type { AppRegistry, ServedApp } from "./served-app.ts"

/** What a handler answers. `json` is text already encoded; without it the reply is empty and has no content type. */
export interface Reply { readonly status: number; readonly json?: string }

/** One request, as far as its route asked for. */
export interface Call {
  readonly app: ServedApp
  /** The token of the Authorization header, unchecked. */
  readonly bearer: string | undefined
  readonly address: string
  readonly parameters: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string | undefined>>
  readonly raw: FastifyRequest
  /** The body as parsed JSON; an empty body is an empty object. */
  json(): Record<string, unknown>
  /** The body as a document, Extended JSON decoded. */
  document(): Document
  /** `context.request` and `%%request`. */
  request(): Document
  /** Checks the access token; rejects with a 401. */
  grant(): Promise<AccessGrant>
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  /** Below `/api/client/v2.0`. With `:appId` the app is found by it, else through the token. */
  readonly path: string
  /** Which token the route takes, where that finds the app; the access token if not said. */
  readonly token?: "refresh"
  readonly handle: (call: Call, reply: FastifyReply) => Promise<Reply | undefined>
}

export const clientPrefix = "/api/client/v2.0"

/** Adds routes to the HTTP library's own table. */
export function addRoutes(http: FastifyInstance, apps: AppRegistry, routes: readonly Route[]): void {
  for (const { method, path, token, handle } of routes) {
    http.route({
      method,
      url: `${clientPrefix}${path}`,
      handler: async (request, reply) => {
        const call = openCall(request, apps, token)
        const leave = call.app.enter()
        try {
          const answer = await handle(call, reply)
          return answer === undefined ? reply : send(reply, answer)
        } finally {
          leave()
        }
      },
    })
  }
}

/** Sends JSON with the content type exactly `application/json`: native SDKs and Stitch read error codes under no other. */
export function send(reply: FastifyReply, { status, json }: Reply): FastifyReply {
  reply.code(status)
  if (json === undefined) return reply.send()
  // A buffer, since the library adds a charset to the type of a string.
  return reply.header("content-type", "application/json").send(Buffer.from(json))
}

/** Sends an error in the shape the SDKs read. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, body, headers } = errorReply(error)
  return send(reply.headers(headers), { status, json: JSON.stringify(body) })
}

/** The token of an Authorization header; the scheme is read in any case, a second token is none. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(header?.trim() ?? "")?.[1]
}

/** Whether a token is the one that was set. SECURITY: takes as long for every text of its length, however much of it is right. */
export function isSameToken(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

function openCall(request: FastifyRequest, apps: AppRegistry, token: Route["token"]): Call {
  const parameters = request.params as Record<string, string>
  const bearer = bearerOf(request.headers.authorization)
  const app = parameters["appId"] === undefined ? appOfToken(apps, bearer, token) : appById(apps, parameters["appId"])
  let parsed: Record<string, unknown> | undefined
  let granted: Promise<AccessGrant> | undefined
  const json = (): Record<string, unknown> => (parsed ??= parseBody(request.body))
  return {
    app, bearer, parameters, raw: request,
    address: request.ip,
    query: request.query as Record<string, string | undefined>,
    json,
    document: () => readDocument(json()),
    request: () => requestDocument(request.raw, request.ip),
    grant: () => (granted ??= app.tokens.verifyAccess(bearer)),
  }
}

/** Parses a body, whatever its content type says; an empty one is an empty object. */
export function parseBody(body: unknown): Record<string, unknown> {
  if (typeof body !== "string" || body.trim() === "") return {}
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new RequestError("BadRequest", "the request body is not valid JSON")
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RequestError("BadRequest", "the request body is not a JSON object")
  return value as Record<string, unknown>
}

function readDocument(json: Record<string, unknown>): Document {
  const value = fromEjson(json)
  if (!isDocument(value)) throw new RequestError("BadRequest", "the request body is not a JSON object")
  return value
}

/** The app of a client App ID; throws 404. */
export function appById(apps: AppRegistry, clientAppId: string): ServedApp {
  const app = apps.byClientAppId(clientAppId)
  if (app === undefined) throw new RequestError("AppNotFound", `cannot find app using Client App ID '${clientAppId}'`)
  return app
}

/** The app a token says it is for. SECURITY: nothing else is taken from the token; the app found then checks it. */
function appOfToken(apps: AppRegistry, token: string | undefined, kind: Route["token"]): ServedApp {
  if (token === undefined) throw new RequestError("MissingAuthReq", "must authenticate first")
  const app = apps.byDomainId(claimedDomain(token))
  // A refresh token of before the move, or of another server, is that of a session not known: logging out passes over it.
  if (app === undefined) throw kind === "refresh" ? noSession() : new RequestError("InvalidSession", "unauthorized")
  return app
}

function claimedDomain(token: string): string {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"))
    const domain = (payload as { baas_domain_id?: unknown } | null)?.baas_domain_id
    return typeof domain === "string" ? domain : ""
  } catch {
    return ""
  }
}
