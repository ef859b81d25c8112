// Legacy HTTP services: `context.services.get(...)` under the service's own rules, through a served app.
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import { afterAll, beforeAll, expect, test } from "vitest"
import { changedApp, type ChangedApp } from "../../support/changed-app.ts"
import { serveInProcess, signIn, type InProcess } from "../../support/in-process.ts"
import { worktracker } from "../../support/serve.ts"

let peer: Server
let host = ""
let app: ChangedApp
let world: InProcess
let token = ""
const asked: string[] = []

const source = 'exports = async (method, url, followRedirects) => { const { statusCode, body } = await context.services.get("partner")[method]({ url, followRedirects }); return `${statusCode} ${body ? body.text() : ""}` }'
const functionConfig = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ name, private: false, ...more })

beforeAll(async () => {
  peer = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (request.url === "/away") response.writeHead(302, { location: `http://localhost:${host.split(":")[1]}/elsewhere` }).end()
    else response.end("hello")
  })
  peer.listen(0, "127.0.0.1")
  await once(peer, "listening")
  host = `127.0.0.1:${(peer.address() as { port: number }).port}`
  app = await changedApp(worktracker, {
    "services/partner/config.json": { name: "partner", type: "http", config: {}, version: 1 },
    "services/partner/rules/reading.json": { name: "reading", actions: ["get"], when: { "%%args.url.host": { "%in": [host] }, "%%args.url.query.for": { "%exists": false } } },
    "services/partner/rules/leads.json": { name: "leads", actions: ["post"], when: { "%%user.custom_data.role": "lead", "%%args.url.path": "/orders" } },
    "functions/viaService.js": source,
    "functions/viaServiceAsSystem.js": source,
    "functions/config.json": [functionConfig("viaService"), functionConfig("viaServiceAsSystem", { run_as_system: true })],
  })
  world = await serveInProcess({ directory: app.directory, settings: { functions: { openHosts: [host, `localhost:${host.split(":")[1]}`] } } })
  token = (await signIn(world, "partner@red.example")).access_token
})
afterAll(async () => {
  await world.close()
  await app.remove()
  peer.close()
})

async function call(name: string, ...args: unknown[]): Promise<{ readonly status: number; readonly body: unknown }> {
  const reply = await world.call("POST", "{app}/functions/call", { token, body: { name, arguments: args } })
  return { status: reply.status, body: await reply.json() }
}

test("a request is sent where a rule for its method matches its address", async () => {
  expect(await call("viaService", "get", `http://${host}/list`)).toEqual({ status: 200, body: "200 hello" })
})

test("without a rule for the method, for the address or for the user, nothing is sent", async () => {
  const before = asked.length
  const refused = { status: 400, body: expect.objectContaining({ error: expect.stringContaining("no rule exists for service 'partner'") as string }) as unknown }
  expect(await call("viaService", "put", `http://${host}/list`)).toEqual(refused)
  expect(await call("viaService", "get", `http://localhost:${host.split(":")[1]}/list`)).toEqual(refused)
  expect(await call("viaService", "get", `http://${host}/list?for=others`)).toEqual(refused)
  expect(await call("viaService", "post", `http://${host}/orders`)).toEqual(refused)
  expect(asked.length).toBe(before)
})

test("a redirect to an address no rule lets pass is not followed there", async () => {
  expect(await call("viaService", "get", `http://${host}/away`, true)).toMatchObject({ status: 400 })
  expect(asked).not.toContain("GET /elsewhere")
})

test("a function that runs as system is under no rules", async () => {
  expect(await call("viaServiceAsSystem", "put", `http://${host}/list`)).toEqual({ status: 200, body: "200 hello" })
})

test("a rule that cannot be read is an error of the app, with its file", async () => {
  const broken = await changedApp(app.directory, { "services/partner/rules/reading.json": { name: "reading", actions: ["get"], when: { "%%args.url.host": { "%inn": [host] } } } })
  await expect(serveInProcess({ directory: broken.directory })).rejects.toThrow("services/partner/rules/reading.json")
  await broken.remove()
})
