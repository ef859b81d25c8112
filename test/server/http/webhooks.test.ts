// Legacy webhooks at both of their addresses, and where they differ from endpoints.
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { signIn, type Tokens } from "../../support/in-process.ts"
import { root } from "../../support/serve.ts"
import { serveEndpoints, signatureOf, type Answer, type Endpoints } from "./endpoint-world.ts"

let app: Endpoints
let lea: Tokens
beforeAll(async () => {
  app = await serveEndpoints()
  lea = await signIn(app, "lea@red.example")
})
afterAll(() => app.close())

const hook = (name: string): string => `/api/client/v2.0/app/endpoints-abcde/service/mail/incoming_webhook/${name}`
const converted = (name: string): string => `/app/endpoints-abcde/endpoint/mail/${name}`
const secret = "a webhook's secret"

describe("a webhook", () => {
  test("answers at both addresses, as the system user, with the plain request", async () => {
    const body = "{\"name\":\"not a call\",\"arguments\":[]}"
    for (const address of [hook("arrived"), converted("arrived")]) {
      const reply = await app.ask("POST", `${address}?a=1`, { body, headers: { "X-Hook-Signature": signatureOf(body, secret) } })
      expect(reply.status).toBe(200)
      expect(reply.json()).toMatchObject({ query: { a: "1" }, body, system: true, user: { type: "system" }, request: { webhookUrl: "/mail/arrived", httpMethod: "POST" } })
      expect((await app.ask("POST", address, { body })).status).toBe(401)
      expect((await app.ask("GET", address)).json()).toMatchObject({ error_code: "EndpointNotFound" })
    }
    expect(app.entries.findLast(({ type }) => type !== "AUTH_TRIGGER")).toMatchObject({ type: "WEBHOOK", incoming_webhook_name: "arrived", incoming_webhook_id: expect.stringMatching(/^[0-9a-f]{24}$/) })
    expect(app.entries.findLast(({ type }) => type !== "AUTH_TRIGGER")).not.toHaveProperty("endpoint_id")
  })

  test("of an unknown service or name is 404", async () => {
    expect((await app.ask("POST", hook("nobody"))).status).toBe(404)
    expect((await app.ask("POST", hook("arrived").replace("/mail/", "/post/"))).status).toBe(404)
  })

  test("gives way to an endpoint of its route, and keeps its own address", async () => {
    expect((await app.ask("POST", converted("both"))).json()).toHaveProperty("decimal")
    expect((await app.ask("POST", hook("both"))).text).toBe("\"hook\"")
  })

  test("cannot be called as a function", async () => {
    const reply = await app.call("POST", "{app}/functions/call", { token: lea.access_token, body: { name: "webhook:mail/both", arguments: [] } })
    expect([reply.status, await reply.json()]).toMatchObject([403, { error_code: "NotCallable" }])
  })

  test("takes any method, or HEAD, when it says so", async () => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) expect([method, (await app.ask(method, hook("reply"))).status]).toEqual([method, 200])
    const head = await app.ask("HEAD", hook("head"))
    expect([head.status, head.headers.get("x-seen")]).toEqual([200, "yes"])
    expect((await app.ask("GET", hook("head"))).status).toBe(404)
  })

  test("has no automatic body once the response was touched", async () => {
    const shape = async (query: string): Promise<unknown> => {
      const { status, text } = await app.ask("GET", `${hook("reply")}${query}`)
      return [status, text]
    }
    expect(await shape("")).toEqual([200, "{\"made\":\"automatically\"}"])
    expect(await shape("?status=201")).toEqual([201, ""])
    expect(await shape("?header=x")).toEqual([200, ""])
    expect(await shape("?text=own")).toEqual([200, "own"])
  })

  test("asks its own rule", async () => {
    expect((await app.ask("GET", hook("partners"))).json()).toMatchObject({ error_code: "FunctionExecutionError" })
    expect((await app.ask("GET", hook("partners"), { headers: { "x-partner": "yes" } })).text).toBe("\"welcome\"")
  })
})

describe("a webhook of an older export", () => {
  test.each([["format-20180301", "worktracker-pqrst"], ["format-20200603", "worktracker-klmno"]])("of %s answers at both addresses", async (format, id) => {
    const old = await serveEndpoints({ directory: join(root, "fixtures/apps", format), secrets: {} })
    try {
      for (const path of [`/api/client/v2.0/app/${id}/service/hooks/incoming_webhook/ping`, `/app/${id}/endpoint/hooks/ping`]) {
        const reply = await old.ask("GET", `${path}?a=1`)
        expect([path, reply.status, reply.text]).toEqual([path, 202, ""])
      }
    } finally {
      await old.close()
    }
  })
})

describe("a webhook that runs as its caller", () => {
  const ask = (options: { readonly headers?: Record<string, string>; readonly body?: unknown }): Promise<Answer> =>
    app.ask("POST", `${hook("members")}?secret=oldest`, { headers: options.headers ?? {}, ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }) })
  const account = { email: "lea@red.example", password: "a long password" }

  test("takes credentials in headers or in the body, not in both", async () => {
    const key = ((await (await app.call("POST", "/auth/api_keys", { token: lea.refresh_token, body: { name: "hook" } })).json()) as { key: string }).key
    for (const reply of [await ask({ headers: account }), await ask({ body: account }), await ask({ body: { "api-key": key } }), await ask({ headers: { authorization: `Bearer ${lea.access_token}` } })]) {
      expect(reply.json()).toMatchObject({ system: false, user: { id: lea.user_id, type: "normal" } })
    }
    expect((await ask({ headers: account, body: { "api-key": key } })).json()).toMatchObject({ error_code: "InvalidParameter" })
  })

  test("refuses none, half and wrong ones", async () => {
    for (const body of [undefined, [], "text", { other: 1 }, { email: 1 }]) expect((await ask({ body })).json()).toMatchObject({ error: "no authentication methods were specified" })
    expect((await ask({ body: { email: account.email } })).json()).toMatchObject({ error_code: "MissingParameter" })
    const wrong = await ask({ body: { ...account, password: "another password" } })
    expect([wrong.status, wrong.json()]).toMatchObject([401, { error_code: "InvalidSession" }])
  })

  test("is validated first", async () => {
    expect((await app.ask("POST", hook("members"), { headers: account })).status).toBe(401)
  })
})
