// The app of endpoints, served in this process, and the requests that its tests send.
import { createHmac } from "node:crypto"
import { join } from "node:path"
import pino from "pino"
import { createAppLog } from "../../../server/app-log.ts"
import type { FunctionLogEntry } from "../../../server/functions/index.ts"
import type { ServerOptions } from "../../../server/index.ts"
import { serveInProcess, type InProcess } from "../../support/in-process.ts"
import { root } from "../../support/serve.ts"

export const endpointsApp = join(root, "fixtures/apps/endpoints")
export const secrets = { endpointSecret: "a secret of endpoints", jwtKey: "a-signing-key-of-at-least-32-letters" }

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON. */
  json(): Record<string, unknown>
}

export interface Endpoints extends InProcess {
  /** One request to `/app/<id>/endpoint<route>`. */
  at(method: string, route: string, options?: { readonly headers?: Record<string, string>; readonly body?: string | Uint8Array }): Promise<Answer>
  /** One request below the server's address. */
  ask(method: string, path: string, options?: { readonly headers?: Record<string, string>; readonly body?: string | Uint8Array }): Promise<Answer>
  /** What the app's `write` function does with this. */
  write(order: unknown): Promise<void>
  /** What was logged of functions, whole; `logged` has what of it was printed. */
  readonly entries: FunctionLogEntry[]
}

export async function serveEndpoints(options: Partial<ServerOptions> = {}): Promise<Endpoints> {
  const entries: FunctionLogEntry[] = []
  const logged: string[] = []
  const log = createAppLog(pino({ level: "debug" }, { write: (line: string) => void logged.push(line) }))
  const functions = (entry: FunctionLogEntry): void => {
    entries.push(entry)
    log.functions(entry)
  }
  const served = await serveInProcess({ directory: endpointsApp, secrets, log: { ...log, functions }, ...options })
  const ask: Endpoints["ask"] = async (method, path, { headers = {}, body } = {}) => {
    const reply = await fetch(`${served.url}${path}`, { method, headers, redirect: "manual", ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }) })
    const text = await reply.text()
    return { status: reply.status, headers: reply.headers, text, json: () => JSON.parse(text) as Record<string, unknown> }
  }
  const at: Endpoints["at"] = (method, route, more) => ask(method, `/app/${served.server.clientAppId}/endpoint${route}`, more)
  return {
    ...served, ask, at, entries, logged,
    async write(order) {
      const { status, text } = await at("POST", `/write?secret=${encodeURIComponent(secrets.endpointSecret)}`, { body: JSON.stringify(order) })
      if (status !== 200) throw new Error(`write answered ${status}: ${text}`)
    },
  }
}

export function signatureOf(body: string | Uint8Array, secret: string = secrets.endpointSecret): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`
}
