// A server in this process: the same composition as the command line's, with a clock that tests move.
import pino from "pino"
import { createAppLog } from "../../server/app-log.ts"
import { createServer, type BackstitchServer, type ServerOptions } from "../../server/index.ts"
import { worktracker } from "./serve.ts"

export interface InProcess {
  readonly server: BackstitchServer
  readonly url: string
  /** Everything the server logged, as text. */
  readonly logged: string[]
  advance(seconds: number): void
  /** One client request; `path` is below the client API's prefix, `{app}` in it stands for the app. */
  call(method: string, path: string, options?: { readonly token?: string | undefined; readonly body?: unknown; readonly headers?: Record<string, string> }): Promise<Response>
  close(): Promise<void>
}

export async function serveInProcess(options: Partial<ServerOptions> = {}): Promise<InProcess> {
  let offset = 0
  const logged: string[] = []
  const logger = pino({ level: "debug" }, { write: (line: string) => void logged.push(line) })
  const server = await createServer({ directory: worktracker, data: { memory: true }, clock: () => new Date(Date.now() + offset), log: createAppLog(logger), ...options })
  const { url } = await server.listen({ port: 0 })
  return {
    server, url, logged,
    advance: (seconds) => void (offset += seconds * 1000),
    call: (method, path, { token, body, headers = {} } = {}) => fetch(`${url}/api/client/v2.0${path.replace("{app}", `/app/${server.clientAppId}`)}`, {
      method,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
    close: () => server.close(),
  }
}

export interface Tokens { readonly access_token: string; readonly refresh_token: string; readonly user_id: string; readonly device_id: string }

/** Registers (if new) and logs in over HTTP. */
export async function signIn({ call }: InProcess, email: string, body: Record<string, unknown> = {}): Promise<Tokens> {
  await call("POST", "{app}/auth/providers/local-userpass/register", { body: { email, password: "a long password" } })
  const reply = await call("POST", "{app}/auth/providers/local-userpass/login", { body: { username: email, password: "a long password", ...body } })
  if (reply.status !== 200) throw new Error(`login answered ${reply.status}: ${await reply.text()}`)
  return (await reply.json()) as Tokens
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>
}
