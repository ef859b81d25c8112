// A Graph API of our own on a local port: what it answers is the test's, what it was asked is kept.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export type GraphAnswer = Record<string, unknown> | ((reply: ServerResponse, request: IncomingMessage) => void)

export interface FakeGraph {
  readonly url: string
  /** What `/debug_token` and `/me` answer; a function writes the reply itself. */
  readonly answers: { debug: GraphAnswer; me: GraphAnswer }
  /** Addresses asked for, as they came. */
  readonly asked: URL[]
  close(): Promise<void>
}

/** Starts it. Until told otherwise it knows one good token of one user. */
export async function fakeGraph(): Promise<FakeGraph> {
  const asked: URL[] = []
  const answers: FakeGraph["answers"] = { debug: goodToken, me: ana }
  const server = createServer((request, reply) => {
    const url = new URL(request.url ?? "/", "http://graph")
    asked.push(url)
    const answer = url.pathname === "/v1/debug_token" ? answers.debug : url.pathname === "/v1/me" ? answers.me : (to: ServerResponse) => void to.writeHead(404).end()
    if (typeof answer === "function") return answer(reply, request)
    reply.writeHead("error" in answer ? 400 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer))
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, answers, asked,
    close: () => new Promise((done) => {
      server.close(() => done())
      server.closeAllConnections()
    }),
  }
}

export const goodToken = { data: { app_id: "1111", type: "USER", application: "Tasks", is_valid: true, expires_at: 1_714_568_400, scopes: ["email"], user_id: "42" } }
export const ana = {
  id: "42", name: "Ana Ruiz", first_name: "Ana", last_name: "Ruiz", email: "ana@example.com", gender: "female", birthday: "01/31/1990",
  age_range: { min: 21, max: 30 }, picture: { data: { url: "https://pictures.example/42", width: 50, is_silhouette: false } },
}
