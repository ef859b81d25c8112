// `context.http`: what is sent, what comes back, and where it may not go.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Binary, type Document } from "../../../kernel/index.ts"
import { isClosedAddress } from "../../../server/functions/addresses.ts"
import { createHttpClient } from "../../../server/functions/http-client.ts"
import { createHttpTransport } from "../../../server/functions/http-transport.ts"

let server: Server
let port: number
let handler: (request: IncomingMessage & { body: string }, response: ServerResponse) => void = () => undefined
const paths: string[] = []
let connections = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")))
    request.on("end", () => {
      paths.push(request.url ?? "")
      handler(Object.assign(request, { body }), response)
    })
  })
  server.on("connection", () => connections++)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve) }))

const signal = new AbortController().signal
const send = (method: string, settings: Document, { open = ["127.0.0.1"], maxBytes = 1e6 }: { open?: string[]; maxBytes?: number } = {}): Promise<Document> => createHttpClient(createHttpTransport(open), maxBytes).send(method, settings, signal)
const base = (): string => `http://127.0.0.1:${port}`
const text = (response: Document): string => Buffer.from((response["body"] as Binary).value()).toString()

describe("closed addresses", () => {
  test.each([
    "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "not an address", "",
  ])("%s", (address) => expect(isClosedAddress(address)).toBe(true))

  test.each(["8.8.8.8", "172.32.0.1", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"])("%s is open", (address) => expect(isClosedAddress(address)).toBe(false))

  test.each(["http://127.0.0.1", "http://127.1", "http://2130706433", "http://0x7f.1", "http://0177.0.0.1", "http://[::1]", "http://[::ffff:127.0.0.1]", "http://localhost", "http://LOCALHOST.", "http://169.254.169.254/latest"])("%s is not reached", async (origin) => {
    const before = connections
    await expect(send("get", { url: new URL(origin).pathname === "/" ? `${origin}:${port}/` : origin }, { open: [] })).rejects.toMatchObject({ code: expect.stringMatching(/RestrictedHost|HTTPError/) as string })
    await expect(send("get", { url: `http://localhost:${port}/` }, { open: [] })).rejects.toMatchObject({ code: "RestrictedHost" })
    expect(connections).toBe(before)
  })

  test("a redirect is checked again", async () => {
    handler = (_, response) => response.writeHead(302, { location: `http://127.0.0.2:${port}/inner` }).end()
    await expect(send("get", { url: base(), followRedirects: true }, { open: [`127.0.0.1:${port}`] })).rejects.toMatchObject({ code: "RestrictedHost" })
  })

  test("an open host is open on its port only, when one is named", async () => {
    await expect(send("get", { url: base() }, { open: ["127.0.0.1:1"] })).rejects.toMatchObject({ code: "RestrictedHost" })
  })

  test.each(["file:///etc/passwd", "ftp://example.org", "gopher://x", "data:text/plain,x", "nope"])("%s is no address", async (url) => {
    await expect(send("get", { url })).rejects.toMatchObject({ code: "InvalidParameter" })
  })
})

describe("requests", () => {
  test("are built from parts, with query, cookies and credentials", async () => {
    handler = (request, response) => response.end(JSON.stringify([request.method, request.url, request.headers["cookie"], request.headers["authorization"], request.headers["x-many"]]))
    const response = await send("get", { host: `127.0.0.1:${port}`, path: "a/b", query: { q: ["1", "2"] }, cookies: { c: "d" }, username: "u", password: "p:w", headers: { "X-Many": ["1", "2"], Host: ["evil"], "Content-Length": ["5"] } })
    expect(JSON.parse(text(response))).toEqual(["GET", "/a/b?q=1&q=2", "c=d", `Basic ${Buffer.from("u:p:w").toString("base64")}`, "1, 2"])
  })

  test("carry text, bytes and forms", async () => {
    handler = (request, response) => response.end(JSON.stringify([request.headers["content-type"]?.split(";")[0] ?? null, request.body]))
    expect(JSON.parse(text(await send("post", { url: base(), body: "plain" })))).toEqual([null, "plain"])
    expect(JSON.parse(text(await send("put", { url: base(), body: new Binary(Buffer.from([0, 255])) })))).toEqual([null, "\u0000\u00ff"])
    expect(JSON.parse(text(await send("post", { url: base(), body: "{}", encodeBodyAsJSON: true })))).toEqual(["application/json", "{}"])
    const [type, form] = JSON.parse(text(await send("post", { url: base(), form: { 'a"b': "1" } }))) as [string, string]
    expect(type).toBe("multipart/form-data")
    expect(form).toContain('name="a%22b"\r\n\r\n1\r\n')
    expect(JSON.parse(text(await send("post", { url: base(), form: { a: "1" }, headers: { "content-type": ["text/plain"] } })))).toEqual(["multipart/form-data", expect.stringContaining('name="a"')])
  })

  test.each(["get", "post", "put", "patch", "delete"])("carry a body with %s", async (method) => {
    handler = (request, response) => response.end(JSON.stringify([request.method, request.headers["content-length"], request.body]))
    expect(JSON.parse(text(await send(method, { url: base(), body: "é" })))).toEqual([method.toUpperCase(), "2", "\u00c3\u00a9"])
  })

  test.each([
    { headers: { "X-A": ["1\r\nX-B: 2"] } }, { headers: { "X A": ["1"] } }, { cookies: { a: "1; b=2" } }, { body: { a: 1 } }, { body: "x", form: { a: "1" } }, { headers: ["a"] }, { digestAuth: true },
    { query: "a=1" }, { cookies: "a=1" }, { cookies: { a: { b: "1" } } }, { form: "a=1" }, { form: { a: { b: "1" } } }, { form: { a: ["1", "2"] } }, { authUrl: 5 }, { url: "http://a%zz:b@127.0.0.1/" },
  ] as Document[])("%j is refused", async (settings) => {
    await expect(send("post", { url: base(), ...settings })).rejects.toMatchObject({ code: "InvalidParameter" })
  })

  test("digest authentication answers the challenge", async () => {
    handler = (request, response) => {
      const header = request.headers["authorization"]
      if (header === undefined) response.writeHead(401, { "www-authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256' }).end()
      else response.end(header)
    }
    const header = text(await send("get", { url: base(), username: "u", password: "p", digestAuth: true }))
    expect(header).toMatch(/^Digest username="u", realm="r", nonce="n", uri="\/", response="[0-9a-f]{64}".*qop=auth, nc=00000001$/)
  })

  test("cookies of an authUrl go along", async () => {
    handler = (request, response) => (request.url === "/login" ? response.setHeader("set-cookie", "sid=7; Path=/").end() : response.end(request.headers["cookie"]))
    expect(text(await send("get", { url: base(), authUrl: `${base()}/login` }))).toBe("sid=7")
  })
})

describe("responses", () => {
  test("have status, headers as lists, cookies and a binary body", async () => {
    handler = (_, response) => response.writeHead(404, "Gone Away", { "set-cookie": ["a=1; Path=/; HttpOnly", "b=2"], "content-type": "text/plain" }).end("x")
    const response = await send("get", { url: base() })
    expect(response).toMatchObject({ status: "404 Gone Away", statusCode: 404, cookies: { a: { value: "1", path: "/", httpOnly: true }, b: { value: "2" } } })
    expect(response["headers"]).toMatchObject({ "Content-Type": ["text/plain"], "Set-Cookie": ["a=1; Path=/; HttpOnly", "b=2"] })
    expect(text(response)).toBe("x")
  })

  test("are decompressed, and capped by what comes out", async () => {
    handler = (_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync("z".repeat(5000)))
    expect(text(await send("get", { url: base() }))).toBe("z".repeat(5000))
    await expect(send("get", { url: base() }, { maxBytes: 4000 })).rejects.toMatchObject({ code: "HTTPError" })
  })

  test("redirects are followed when asked, without credentials to another origin, at most ten", async () => {
    handler = (request, response) => (request.url === "/from" ? response.writeHead(302, { location: "/to" }).end() : request.url === "/loop" ? response.writeHead(302, { location: "/loop" }).end() : request.url === "/away" ? response.writeHead(307, { location: `http://localhost:${port}/to` }).end() : response.end(`${request.method} ${request.headers["authorization"] ?? "none"}`))
    expect((await send("get", { url: `${base()}/from` }))["statusCode"]).toBe(302)
    expect(text(await send("post", { url: `${base()}/from`, body: "x", followRedirects: true, headers: { Authorization: ["t"] } }))).toBe("GET t")
    expect(text(await send("get", { url: `${base()}/away`, followRedirects: true, headers: { Authorization: ["t"] } }, { open: ["127.0.0.1", "localhost"] }))).toBe("GET none")
    await expect(send("get", { url: `${base()}/loop`, followRedirects: true })).rejects.toMatchObject({ code: "HTTPError" })
  })

  test("a refused connection rejects, and the end of the call ends the request", async () => {
    await expect(send("get", { url: "http://127.0.0.1:1/" })).rejects.toMatchObject({ code: "HTTPError", message: "the request failed: ECONNREFUSED" })
    handler = () => undefined
    const ended = new AbortController()
    const pending = createHttpClient(createHttpTransport(["127.0.0.1"]), 1e6).send("get", { url: base() }, ended.signal)
    setTimeout(() => ended.abort(), 20)
    await expect(pending).rejects.toMatchObject({ code: "HTTPError" })
  })
})
