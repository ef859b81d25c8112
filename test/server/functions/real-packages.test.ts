// Packages of real apps, as published, against a server on this machine: what their authors' examples do.
import { mkdtempSync, mkdirSync, rmSync, symlinkSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createRuntime, type Runtime } from "../../../runtime/index.ts"
import { bundleModules, createFunctions, type Functions } from "../../../server/functions/index.ts"
import { root } from "../../support/serve.ts"
import { appOf, asAda, FakeData, functionOf } from "./world.ts"

const list = [
  functionOf("axios", { source: `exports = async (port) => {
    const axios = require("axios"); const base = "http://127.0.0.1:" + port
    const got = await axios.get(base + "/json?x=1", { params: { y: "2 3" }, headers: { "X-A": "1" }, auth: { username: "u", password: "p" } })
    const posted = await axios.post(base + "/p", { a: 1 })
    const failed = await axios.get(base + "/fail").catch((error) => [error.response.status, error.isAxiosError])
    const redirected = await axios.get(base + "/redirect")
    const client = axios.create({ baseURL: base }); client.interceptors.request.use((config) => { config.headers["X-I"] = "y"; return config })
    const deleted = await client.delete("/d"); const bytes = await axios.get(base + "/bin", { responseType: "arraybuffer" })
    const form = await axios.post(base + "/p", new URLSearchParams({ grant_type: "a b" })); const found = await axios.get(base + "/q", { params: new URLSearchParams({ a: "b c" }) })
    const removed = await axios.delete(base + "/d", { data: { id: 1 } })
    return [form.data.body, form.data.headers["content-type"], found.data.url, removed.data.body, got.data.url, got.data.headers["x-a"], got.data.headers.authorization, posted.data.body, failed, redirected.data.url, deleted.data.headers["x-i"], Buffer.isBuffer(bytes.data), await axios.get("http://10.0.0.1/").catch((error) => error.code)]
  }` }),
  functionOf("node-fetch", { source: `exports = async (port) => {
    const fetch = require("node-fetch"); const base = "http://127.0.0.1:" + port
    const posted = await fetch(base + "/p", { method: "POST", body: JSON.stringify({ a: 1 }), headers: { "Content-Type": "application/json" } })
    const failed = await fetch(base + "/fail")
    return [posted.status, (await posted.json()).body, (await (await fetch(base + "/redirect")).json()).url, failed.ok, await fetch("http://10.0.0.1/").catch((error) => error.code)]
  }` }),
  functionOf("jsonwebtoken", { source: `exports = () => {
    const jwt = require("jsonwebtoken"); const token = jwt.sign({ a: 1 }, "secret", { expiresIn: "1h", issuer: "me" })
    const attempt = (work) => { try { return work() } catch (error) { return error.name } }
    return [jwt.verify(token, "secret").iss, attempt(() => jwt.verify(token, "other")), attempt(() => jwt.verify(jwt.sign({ exp: 1 }, "s"), "s")), jwt.decode(token, { complete: true }).header.alg]
  }` }),
  functionOf("uuid", { source: "exports = () => { const { v1, v4, v5, validate } = require('uuid'); return [v4() === v4(), validate(v1()), v5('a', v5.DNS)] }" }),
]

let directory: string
let runtime: Runtime
let server: Server
let functions: Functions

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "backstitch-real-packages-"))
  mkdirSync(join(directory, "functions"))
  symlinkSync(join(root, "node_modules"), join(directory, "functions/node_modules"))
  server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      if (request.url === "/redirect") response.writeHead(302, { Location: "/json" }).end()
      else response.writeHead(request.url === "/fail" ? 404 : 200, { "Content-Type": "application/json" }).end(JSON.stringify({ url: request.url, headers: request.headers, body }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const app = appOf(list, directory)
  const { modules, problems } = await bundleModules(app)
  expect(problems).toEqual([])
  runtime = createRuntime({ executors: 1, isolates: 1 })
  functions = await createFunctions({ app, runtime, data: new FakeData(), userLookup: async () => null, resolveValue: (value) => value.value, settings: { openHosts: ["127.0.0.1"] } }, modules)
})
afterAll(async () => {
  await runtime.close(0)
  server.close()
  rmSync(directory, { recursive: true, force: true })
})

const call = async (name: string): Promise<unknown> => JSON.parse(await functions.run(name, [(server.address() as AddressInfo).port], asAda, { via: "administrator" }))
const int = (value: number) => ({ $numberInt: String(value) })

describe("packages as published", () => {
  test("axios", async () => {
    expect(await call("axios")).toEqual(["grant_type=a+b", "application/x-www-form-urlencoded;charset=utf-8", "/q?a=b+c", '{"id":1}', "/json?x=1&y=2+3", "1", "Basic dTpw", '{"a":1}', [int(404), true], "/json", "y", true, "EACCES"])
  })
  test("node-fetch", async () => expect(await call("node-fetch")).toEqual([int(200), '{"a":1}', "/json", false, "EACCES"]))
  test("jsonwebtoken", async () => expect(await call("jsonwebtoken")).toEqual(["me", "JsonWebTokenError", "TokenExpiredError", "HS256"]))
  test("uuid", async () => expect(await call("uuid")).toEqual([false, true, "4f3f2898-69e3-5a0d-820a-c4e87987dbce"]))
})
