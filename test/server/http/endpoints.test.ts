// Custom HTTPS endpoints over HTTP: which one answers, what it is told, how a request proves itself, what is answered.
import { readFileSync } from "node:fs"
import { request as sendRequest, type IncomingMessage } from "node:http"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { requestDocument } from "../../../server/http/request-document.ts"
import { serveInProcess } from "../../support/in-process.ts"
import { root } from "../../support/serve.ts"
import { secrets, serveEndpoints, signatureOf, type Endpoints } from "./endpoint-world.ts"

let app: Endpoints
beforeAll(async () => {
  app = await serveEndpoints({ settings: { functions: { functionLimits: { sleep: { wallMs: 300 } } } } })
})
afterAll(() => app.close())

describe("the sample app's endpoint", () => {
  test("answers without credentials, as docs/endpoints.md shows", async () => {
    expect(readFileSync(join(root, "docs/endpoints.md"), "utf8")).toContain("/app/worktracker-abcde/endpoint/status\n```\n\nanswers `{\"open\":0}`")
    const sample = await serveInProcess()
    try {
      const reply = await fetch(`${sample.url}/app/worktracker-abcde/endpoint/status`)
      expect([reply.status, reply.headers.get("content-type"), await reply.json()]).toEqual([200, "application/json", { open: 0 }])
    } finally {
      await sample.close()
    }
  })
})

describe("an address", () => {
  test("is matched by method, then by `*`", async () => {
    for (const method of ["GET", "POST", "PATCH", "DELETE"]) expect([method, (await app.at(method, "/inspect")).status]).toEqual([method, 200])
    // PUT has an endpoint of its own, which wants credentials.
    expect((await app.at("PUT", "/inspect")).status).toBe(400)
    expect((await app.at("HEAD", "/inspect")).status).toBe(200)
    expect((await app.at("HEAD", "/values")).status).toBe(404)
  })

  test("is matched exactly, after percent-decoding", async () => {
    for (const route of ["/deep/a%20b/%C3%A9", "/", "/?a=1", "/%2e?a=1"]) expect([route, (await app.at("GET", route)).status]).toEqual([route, 200])
    for (const route of ["/inspect/", "//inspect", "/Inspect", "/inspect/more", "//", "", "/%E0%A4%A"]) expect([route, (await app.at("GET", route)).status]).toEqual([route, route === "/%E0%A4%A" ? 400 : 404])
  })

  test("that is unknown, disabled, or has no such method is 404 with its code", async () => {
    for (const [method, route] of [["GET", "/nowhere"], ["GET", "/off"], ["POST", "/values"], ["GET", "/constructor"]] as const) {
      const reply = await app.at(method, route)
      expect([reply.status, reply.json()]).toEqual([404, { error: `no endpoint found for ${route}`, error_code: "EndpointNotFound" }])
    }
    for (const route of ["/data/v1/action/findOne", "/data/beta/action/insertMany", "/data/v1/openapi"]) expect((await app.at("POST", route)).json()).toEqual({ error: "the generated Data API is not supported", error_code: "EndpointNotFound" })
    expect((await app.at("POST", "/data/v1/mine")).json()).toMatchObject({ error: "no endpoint found for /data/v1/mine" })
    expect((await app.ask("GET", "/app/nobody-abcde/endpoint/inspect")).json()).toMatchObject({ error_code: "AppNotFound" })
  })
})

describe("a function", () => {
  test("is told the query, the headers and the body, and of the request", async () => {
    const reply = await app.at("POST", "/inspect?a=1&a=2&b=x+y&__proto__=p&secret=mine", { body: "Grüße", headers: { "x-third-party": "yes", referer: "https://from.example/", "user-agent": "test", "content-type": "text/plain" } })
    const { query, headers, body, user, system, request } = reply.json() as Record<string, Record<string, unknown>>
    expect(JSON.stringify(query)).toBe("{\"a\":\"1\",\"b\":\"x y\",\"__proto__\":\"p\",\"secret\":\"mine\"}")
    expect(headers).toMatchObject({ "X-Third-Party": ["yes"], "Content-Type": ["text/plain"] })
    expect(body).toBe("Grüße")
    expect([user, system]).toEqual([{ type: "system", data: {}, custom_data: {}, identities: [] }, true])
    expect(request).toMatchObject({ httpMethod: "POST", webhookUrl: "/inspect", rawQueryString: "a=1&a=2&b=x+y&__proto__=p&secret=mine", httpReferrer: "https://from.example/", httpUserAgent: "test", service: "", action: "" })
    expect(request?.["remoteIPAddress"]).toMatch(/127\.0\.0\.1$/)
  })

  test("is told of no service; rules find none", () => {
    expect(requestDocument({ url: "/", headers: {}, rawHeaders: [] } as unknown as IncomingMessage, "192.0.2.1")).toEqual({ remoteIPAddress: "192.0.2.1", requestHeaders: {}, rawQueryString: "" })
  })

  test("gets no body where there is none", async () => {
    expect((await app.at("POST", "/inspect")).json()["body"]).toBe("none")
  })

  test("gets a body of any type, also of one that is none", async () => {
    for (const type of ["application/json; charset=\"x", "multipart/form-data", "text/plain;charset=utf-8", "foo", ";;;", ""]) {
      const { body, headers } = (await app.at("POST", "/inspect", { body: Buffer.from("{not json"), headers: { "content-type": type } })).json() as { body: string; headers: Record<string, unknown> }
      expect([type, body, headers["Content-Type"]]).toEqual([type, "{not json", [type]])
    }
  })

  test("sees what it may check itself, and no password", async () => {
    const { headers, request } = (await app.at("GET", "/inspect", { headers: { authorization: "Basic abc", apiKey: "its own", email: "lea@red.example", password: "hush", jwtTokenString: "hush" } })).json() as Record<string, Record<string, unknown>>
    expect(headers).toMatchObject({ Authorization: ["Basic abc"], Apikey: ["its own"] })
    expect(Object.keys(headers as object)).not.toEqual(expect.arrayContaining(["Password"]))
    expect(JSON.stringify([headers, request])).not.toContain("hush")
    expect(request?.["requestHeaders"]).not.toHaveProperty("Authorization")
  })

  test("runs only if its own rule and the endpoint's both hold", async () => {
    const partner = { "x-partner": "yes" }
    expect((await app.at("GET", "/partners")).json()).toEqual({ error: "rule not matched for function \"partners\"", error_code: "FunctionExecutionError" })
    expect((await app.at("GET", "/partners", { headers: partner })).text).toBe("\"welcome\"")
    expect((await app.at("GET", "/guarded", { headers: partner })).status).toBe(400)
    expect((await app.at("POST", "/guarded")).status).toBe(400)
    expect((await app.at("POST", "/guarded", { headers: partner })).status).toBe(200)
  })

  test("that throws or takes too long answers as the table says", async () => {
    const thrown = await app.at("GET", "/fail")
    expect([thrown.status, thrown.headers.get("content-type"), thrown.json()]).toEqual([400, "application/json", { error: "Error: the shelf is empty", error_code: "FunctionExecutionError" }])
    const slow = await app.at("GET", "/sleep")
    expect([slow.status, slow.json()]).toMatchObject([408, { error_code: "ExecutionTimeLimitExceeded" }])
  })
})

describe("validation", () => {
  test("by secret takes it from the query and takes it away", async () => {
    const secret = encodeURIComponent(secrets.endpointSecret)
    const good = await app.at("GET", `/secret?a=1&secret=${secret}&b=2&%73ecret=other`)
    expect(good.status).toBe(200)
    expect(good.json()).toMatchObject({ query: { a: "1", b: "2" }, request: { rawQueryString: "a=1&b=2" } })
    expect(good.text).not.toContain(secret)
    for (const query of ["", "?secret=", "?secret=wrong", `?Secret=${secret}`, `?secret=wrong&secret=${secret}`]) {
      const reply = await app.at("GET", `/secret${query}`)
      expect([query, reply.status, reply.json()["error_code"]]).toEqual([query, 401, "InvalidParameter"])
    }
  })

  test("by signature is over the bytes as they came", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    for (const name of ["Endpoint-Signature", "X-Hook-Signature"]) expect((await app.at("POST", "/signed", { body: bytes, headers: { [name]: signatureOf(bytes) } })).status).toBe(200)
    expect((await app.at("POST", "/signed", { headers: { "Endpoint-Signature": signatureOf("") } })).status).toBe(200)
    const bad = [undefined, "", "sha256=", signatureOf("other"), signatureOf(bytes, "other"), signatureOf(bytes).slice(7), signatureOf(bytes).replace("sha256", "sha1"), `${signatureOf(bytes)}00`]
    for (const signature of bad) {
      const reply = await app.at("POST", "/signed", { body: bytes, headers: signature === undefined ? {} : { "Endpoint-Signature": signature } })
      expect([signature, reply.status, reply.json()["error_code"]]).toEqual([signature, 401, "InvalidParameter"])
    }
  })
})

describe("a reply", () => {
  const shape = async (route: string): Promise<unknown[]> => {
    const { status, headers, text } = await app.at("GET", route)
    return [status, headers.get("content-type"), text]
  }
  const automatic = "{\"made\":\"automatically\"}"

  test("with `respond_result` is the result, unless a body was set", async () => {
    expect(await shape("/reply")).toEqual([200, "application/json", automatic])
    expect(await shape("/reply?status=201")).toEqual([201, "application/json", automatic])
    expect(await shape("/reply?text=own")).toEqual([200, null, "own"])
    expect(await shape("/reply?text=")).toEqual([200, null, ""])
    expect(await shape("/reply?text=own&status=404&type=text/html")).toEqual([404, "text/html", "own"])
    expect(await shape("/reply?nothing=1")).toEqual([200, null, ""])
    expect(await shape("/reply?status=204")).toEqual([204, null, ""])
  })

  test("without it is empty", async () => {
    expect(await shape("/silent")).toEqual([204, null, ""])
    expect(await shape("/silent?status=202")).toEqual([202, null, ""])
    expect(await shape("/silent?text=own")).toEqual([204, null, ""])
    expect(await shape("/silent?text=own&status=200")).toEqual([200, null, ""])
  })

  test("can be bytes and have headers more than once", async () => {
    const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index))
    const reply = await fetch(`${app.url}/app/endpoints-abcde/endpoint/reply?binary=${encodeURIComponent(bytes.toString("base64"))}&header=second`)
    expect(reply.headers.get("x-kind")).toBe("second, added")
    expect(Buffer.from(await reply.arrayBuffer())).toEqual(bytes)
  })

  test("cannot break the connection", async () => {
    expect(await shape("/reply?framing=1")).toEqual([200, "application/json", automatic])
    const broken = await app.at("GET", "/reply?broken=1")
    expect([broken.status, broken.headers.get("set-cookie"), broken.json()["error_code"]]).toEqual([400, null, "FunctionExecutionError"])
    expect(app.entries.at(-1)).toMatchObject({ type: "ENDPOINT", status: 400, error_code: "FunctionExecutionError", error: broken.json()["error"] })
    for (const status of ["100", "101", "99", "600", "x"]) expect([status, (await app.at("GET", `/reply?status=${status}`)).status]).toEqual([status, 200])
  })

  test("is JSON or canonical Extended JSON, as the endpoint says unless the caller does", async () => {
    const plain = "{\"id\":\"650000000000000000000001\",\"date\":\"2024-05-01T12:00:00.000Z\",\"int\":5,\"double\":2,\"long\":9007199254740993,\"decimal\":\"1.50\",\"binary\":{\"Subtype\":0,\"Data\":\"AQID\"},\"pattern\":{\"Pattern\":\"^a\",\"Options\":\"i\"},\"stamp\":{\"T\":1714564800,\"I\":7},\"low\":{},\"high\":{},\"text\":\"a \\\"quoted\\\" text\",\"none\":null,\"list\":[1,\"two\"],\"nan\":null}"
    expect(await shape("/values")).toEqual([200, "application/json", plain])
    const canonical = await app.at("GET", "/values-ejson")
    expect(canonical.headers.get("content-type")).toBe("application/ejson")
    expect(canonical.json()).toMatchObject({
      id: { $oid: "650000000000000000000001" }, date: { $date: { $numberLong: "1714564800000" } }, int: { $numberInt: "5" }, double: { $numberDouble: "2.0" }, long: { $numberLong: "9007199254740993" },
      decimal: { $numberDecimal: "1.50" }, binary: { $binary: { base64: "AQID", subType: "00" } }, list: [{ $numberInt: "1" }, "two"],
    })
    const typeFor = async (route: string, accept: string): Promise<string | null> => (await app.at("GET", route, { headers: { accept } })).headers.get("content-type")
    expect(await typeFor("/values", "application/ejson")).toBe("application/ejson")
    expect(await typeFor("/values-ejson", "application/json, text/plain, */*")).toBe("application/json")
    expect(await typeFor("/values-ejson", "*/*")).toBe("application/ejson")
    expect(await typeFor("/values", "application/json;q=0.1, application/ejson;q=0.9")).toBe("application/ejson")
  })
})

describe("limits and browsers", () => {
  test("18 MB are taken with headers, and no more", async () => {
    const large = new Uint8Array(10 * 1024 * 1024).fill(97)
    const { status, json } = await app.at("POST", "/reply", { body: large })
    expect([status, json()]).toEqual([200, { made: "automatically" }])
    for (const size of [18 * 1024 * 1024 + 1, 18 * 1024 * 1024 - 10]) {
      const reply = await app.at("POST", "/reply", { body: new Uint8Array(size) })
      expect([reply.status, reply.json()["error_code"]]).toEqual([413, "PayloadTooLarge"])
    }
  })

  test("requests beyond the number allowed at once are 429", async () => {
    const own = await serveEndpoints({ settings: { http: { concurrentEndpointRequests: 1 }, functions: { functionLimits: { sleep: { wallMs: 1500 } } } } })
    try {
      const first = own.at("GET", "/sleep")
      await new Promise((done) => setTimeout(done, 400))
      expect((await own.at("GET", "/reply")).json()).toMatchObject({ error_code: "TooManyRequests" })
      expect((await first).status).toBe(408)
      expect((await own.at("GET", "/reply")).status).toBe(200)
    } finally {
      await own.close()
    }
  })

  test("origins are the app's, and credential headers are never allowed", async () => {
    const allowed = await app.at("GET", "/reply", { headers: { origin: "https://shop.example" } })
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([200, "https://shop.example"])
    expect((await app.at("GET", "/reply", { headers: { origin: "https://evil.example" } })).json()).toMatchObject({ error_code: "OriginNotAllowed" })
    const preflight = await preflightOf(`${app.url}/app/endpoints-abcde/endpoint/me`)
    expect(preflight.status).toBe(204)
    expect(preflight.headers["access-control-allow-methods"]).toContain("PATCH")
    expect(String(preflight.headers["access-control-allow-headers"]).toLowerCase()).not.toMatch(/apikey|password|email|jwttokenstring/)
  })
})

describe("the log", () => {
  test("names the endpoint, and holds nothing of the request", async () => {
    await app.at("GET", `/secret?secret=${encodeURIComponent(secrets.endpointSecret)}`, { headers: { "x-proof": "third party's secret" } })
    const entry = app.entries.findLast(({ type }) => type !== "AUTH_TRIGGER")
    expect(entry).toMatchObject({ type: "ENDPOINT", endpoint_id: expect.stringMatching(/^[0-9a-f]{24}$/), endpoint_route: "/secret", function_name: "inspectAsSystem" })
    const everything = `${JSON.stringify(app.entries)}${app.logged.join("\n")}`
    expect(everything).toContain("/secret")
    expect(everything).not.toContain("third party's secret")
    for (const form of [secrets.endpointSecret, encodeURIComponent(secrets.endpointSecret)]) expect(everything).not.toContain(form)
  })
})

/** As a browser sends it; `fetch` of this platform may not. */
function preflightOf(url: string): Promise<{ readonly status: number | undefined; readonly headers: Record<string, unknown> }> {
  return new Promise((done, reject) => {
    const headers = { origin: "https://shop.example", "access-control-request-method": "POST", "access-control-request-headers": "apikey,email,password" }
    sendRequest(url, { method: "OPTIONS", headers }, (reply) => {
      reply.resume()
      done({ status: reply.statusCode, headers: reply.headers })
    }).on("error", reject).end()
  })
}
