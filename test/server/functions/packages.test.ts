// Packages and stand-ins for Node's modules, from the directory to a running function.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { scryptSync } from "node:crypto"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createRuntime, type Runtime } from "../../../runtime/index.ts"
import { bundleModules, createFunctions, type Functions } from "../../../server/functions/index.ts"
import { appOf, asAda, FakeData, functionOf } from "./world.ts"

const files: Record<string, string> = {
  "functions/package.json": JSON.stringify({ dependencies: { shout: "1.0.0", counter: "1.0.0", broken: "1.0.0", "@scope/deep": "1.0.0" } }),
  "functions/node_modules/shout/package.json": JSON.stringify({ name: "shout", main: "lib/main.js" }),
  "functions/node_modules/shout/lib/main.js": 'const { up } = require("./up"); const inner = require("hidden"); const fs = require("fs"); exports.shout = (text) => up(text) + inner; exports.readable = fs.existsSync("/etc/passwd"); exports.counter = require("counter")',
  "functions/node_modules/shout/lib/up.js": "exports.up = (text) => text.toUpperCase()",
  "functions/node_modules/shout/extra.js": "module.exports = 'extra'",
  "functions/node_modules/hidden/package.json": JSON.stringify({ name: "hidden" }),
  "functions/node_modules/hidden/index.js": "module.exports = '!'",
  "functions/node_modules/counter/package.json": JSON.stringify({ name: "counter" }),
  "functions/node_modules/counter/index.js": "let n = 0; exports.next = () => ++n",
  "functions/node_modules/broken/package.json": JSON.stringify({ name: "broken" }),
  "functions/node_modules/broken/index.js": "module.exports = {{",
  "functions/node_modules/@scope/deep/package.json": JSON.stringify({ name: "@scope/deep", type: "module", exports: { ".": "./deep.js" } }),
  "functions/node_modules/noder/package.json": JSON.stringify({ name: "noder", module: "./esm.js" }),
  "functions/node_modules/noder/esm.js": "export default 'for bundlers'",
  "functions/node_modules/noder/index.js": `const { exec } = require("child_process"), { AsyncLocalStorage } = require("node:async_hooks"), { promises } = require("fs"), Stream = require("stream"), url = require("url"), http = require("http")
    const { pipeline } = require("stream/promises"), crypto = require("crypto")
    function Keep(options) { http.Agent.call(this, options); this.on("free", () => {}) } Keep.prototype = Object.create(http.Agent.prototype)
    module.exports = async () => {
      const kinds = [new Stream.PassThrough() instanceof Stream, new Stream.Writable() instanceof Stream, new Stream.Readable() instanceof Stream.Readable, {} instanceof Stream]
      let text = ""; await pipeline(Stream.Readable.from(["a", "b"]), new Stream.Writable({ write(chunk, encoding, done) { text += chunk; done() } }))
      const store = new AsyncLocalStorage()
      return [kinds, text, new url.URL("http://a/b").pathname, await promises.stat("/x").catch((error) => error.code), (() => { try { exec("ls") } catch (error) { return error.code } })(), store.run(1, () => store.getStore()), new Keep({}).keepAlive, __dirname, crypto.verify.length > 3, [require("fs").ReadStream, require("net").Socket, require("tls").TLSSocket, require("dns").promises.Resolver].some((Class) => ({}) instanceof Class)]
    }`,
  "functions/node_modules/@scope/deep/deep.js": "export const deep = 7; export default class Deep {}",
}

const list = [
  functionOf("packages", { source: 'exports = () => { const { shout, readable } = require("shout"); return [shout("hi"), readable, require("shout/extra"), require("@scope/deep").deep] }' }),
  functionOf("shared", { source: 'exports = () => { require("counter").next(); return [require("shout").counter === require("counter"), require("counter").next()] }' }),
  functionOf("noder", { source: 'exports = () => require("noder")()' }),
  functionOf("ids", { source: `exports = () => {
    const assert = require("assert"); const copy = (value) => Object.assign(Object.create(Object.getPrototypeOf(value)), value)
    const same = (left, right) => { try { assert.deepStrictEqual(left, right); return true } catch { return false } }
    const values = ["0123456789abcdef01234567", "0123456789abcdef01234568"].map((hex) => [new BSON.ObjectId(hex), BSON.Binary.fromHex(hex), BSON.Decimal128.fromString(hex.slice(0, 6) + hex.slice(23))])
    return values[0].map((value, index) => [copy(value), same(value, copy(value)), same(value, values[1][index])])
  }` }),
  functionOf("missing", { source: 'exports = () => ["broken", "hidden", "./shout", "../x", "child_process", "worker_threads", "vm", "node:fs", "toString", "__proto__"].map((name) => { try { return typeof require(name) } catch (error) { return error.code } })' }),
  functionOf("streams", { source: `exports = async () => {
    const { Readable, Transform, pipeline } = require("stream"); const zlib = require("zlib"); const { EventEmitter, once } = require("node:events"); const util = require("util"); const assert = require("assert")
    const chunks = []
    await new Promise((resolve, reject) => pipeline(Readable.from ? new Readable({ read() { this.push("some "); this.push("text"); this.push(null) } }) : null, zlib.createGzip(), zlib.createGunzip(), new Transform({ transform(c, e, d) { chunks.push(c); d() } }), (error) => (error ? reject(error) : resolve())).resume())
    const emitter = new EventEmitter(); setTimeout(() => emitter.emit("go", 5), 1)
    assert.deepStrictEqual({ a: [1] }, { a: [1] })
    return [Buffer.concat(chunks).toString(), (await once(emitter, "go"))[0], util.inspect({ a: 1 }), await util.promisify((x, cb) => cb(null, x * 2))(4), require("string_decoder").StringDecoder.name, require("os").EOL, require("punycode").toASCII("mañana.com")]
  }` }),
  functionOf("crypto", { source: `exports = () => { const c = require("crypto")
    const key = Buffer.alloc(32, 1), iv = Buffer.alloc(16, 2); const e = c.createCipheriv("aes-256-cbc", key, iv); const sealed = e.update("text", "utf8", "hex") + e.final("hex")
    const d = c.createDecipheriv("aes-256-cbc", key, iv); const opened = d.update(sealed, "hex", "utf8") + d.final("utf8")
    return [opened, c.createHmac("sha256", "k").update("a").digest("base64"), c.pbkdf2Sync("p", "s", 10, 16, "sha256").length, c.timingSafeEqual(Buffer.from("a"), Buffer.from("a")), typeof c.createECDH] }` }),
  functionOf("crypto-misused", { source: `exports = () => { const c = require("crypto"); const code = (work) => { try { return work() } catch (error) { return error.code } }
    const hash = c.createHash("sha256"); hash.digest()
    return [() => c.createHash("md5").update(5), () => c.createHash("md5").update(undefined), () => c.createHmac("sha256", undefined), () => c.createHmac("sha256", "k").update(null), () => c.createHash("md5").update({ a: 1 }), () => c.pbkdf2Sync(undefined, "s", 1, 16, "sha1"), () => hash.update("a"), () => hash.digest("hex")].map(code) }` }),
  functionOf("crypto-more", { source: `exports = async () => { const c = require("crypto"); const hex = (options) => c.scryptSync("p", "s", 16, options).toString("hex")
    return [hex({ N: 1024, r: 4, p: 2 }), hex({ cost: 32768, blockSize: 8, parallelization: 1, maxmem: 2 ** 26 }), (() => { try { hex({ N: 2 ** 17, r: 8, p: 8 }) } catch (error) { return error.name } })(),
      await new Promise((resolve) => c.randomInt(5, (error, value) => resolve(value >= 0 && value < 5))), await new Promise((resolve) => c.randomFill(Buffer.alloc(16), (error, bytes) => resolve(bytes.some((byte) => byte !== 0))))] }` }),
  functionOf("buffers", { source: `exports = () => [Buffer.from([255, 239]).toString("base64url"), Buffer.from("_-8", "base64url").toString("hex"), Buffer.isEncoding("base64url"), Buffer.byteLength("_-8", "base64url"), Buffer.from("a").equals(new Uint8Array([97])), Buffer.from("a").equals(Buffer.from("b")), require("crypto").createHash("sha256").update("test").digest("base64url")]` }),
  functionOf("helpers", { source: `exports = async () => { const util = require("util"), q = require("querystring"); return [util.isDeepStrictEqual({ a: [1] }, { a: [1] }), util.isDeepStrictEqual({ a: 1 }, { a: "1" }), util.formatWithOptions({}, "%s %d", "a", 1), q.escape("a b"), q.unescape("a%20b"), q.unescape("%zz"), await util.promisify(setTimeout)(1, "later"), await util.promisify(setImmediate)("soon")] }` }),
  functionOf("http", { source: `exports = (port) => new Promise((resolve, reject) => { const http = require("http"); const request = http.request({ host: "127.0.0.1", port, path: "/p?q=1", method: "POST", headers: { "X-A": "1" } }, (response) => { let text = ""; response.setEncoding("utf8"); response.on("data", (c) => { text += c }); response.on("end", () => resolve([response.statusCode, response.headers["x-b"], text])) }); request.on("error", reject); request.end("body") })` }),
  functionOf("http-given-up", { source: `exports = async (port) => {
    const http = require("http"), url = "http://127.0.0.1:" + port
    const failed = (begin) => new Promise((resolve) => begin(resolve).on("error", (error) => resolve([error.name, error.code])))
    const stop = new AbortController()
    return [
      await failed(() => { const request = http.get(url); request.abort(); return request }), await failed(() => { const request = http.get(url); request.destroy(); return request }),
      await failed((resolve) => { const request = http.get(url, { signal: stop.signal }, () => resolve("answered")); stop.abort(); return request }), await failed(() => http.get("http://127.0.0.1:1")), http.STATUS_CODES[404],
      await new Promise((resolve) => http.get(url, (response) => response.on("data", () => {}).on("close", () => resolve([response.headers["content-length"], response.complete])))),
      await new Promise((resolve) => { const request = http.request(url, { method: "DELETE", auth: "u:p", headers: { authorization: "own" } }, (response) => { let text = ""; response.on("data", (c) => { text += c }); response.on("end", () => resolve(text)) }); request.end("body") }),
    ] }` }),
  functionOf("restricted", { source: `exports = () => new Promise((resolve) => require("https").get("https://169.254.169.254/").on("error", (error) => resolve(error.code)))` }),
  functionOf("endpoint", { source: 'exports = ({ query, body }, response) => { response.setStatusCode(202); response.setHeader("Content-Type", "text/plain"); response.setBody(body.text() + query.a); return { ignored: true } }' }),
  functionOf("silent", { source: "exports = () => ({ plain: true })" }),
]

let directory: string
let runtime: Runtime
let server: Server
let functions: Functions
let problems: readonly { readonly name: string }[]

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "backstitch-packages-"))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), text)
  }
  server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => Object.assign(response, { statusCode: 201 }).setHeader("X-B", "2").end(`${request.method} ${request.url} ${request.headers["x-a"]} ${body}`))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const app = appOf(list, directory)
  const bundled = await bundleModules(app)
  problems = bundled.problems
  runtime = createRuntime({ executors: 1, isolates: 1 })
  functions = await createFunctions({ app, runtime, data: new FakeData(), userLookup: async () => null, resolveValue: (value) => value.value, settings: { openHosts: ["127.0.0.1"] } }, bundled.modules)
})
afterAll(async () => {
  await runtime.close(0)
  server.close()
  rmSync(directory, { recursive: true, force: true })
})

const call = async (name: string, args: unknown[] = []): Promise<unknown> => JSON.parse(await functions.run(name, args, asAda, { via: "administrator" }))
const int = (value: number) => ({ $numberInt: String(value) })

describe("packages", () => {
  test("with files of their own, packages of their own, subpaths, and of the newer kind", async () => expect(await call("packages")).toEqual(["HI!", false, "extra", int(7)]))
  test("are one instance in a call, and fresh in the next", async () => {
    expect(await call("shared")).toEqual([true, int(2)])
    expect(await call("shared")).toEqual([true, int(2)])
  })
  test("written for Node find what they ask for at their top, and are refused when they use it", async () => {
    expect(await call("noder")).toEqual([[true, true, true, false], "ab", "/b", "ENOENT", "ENOTSUP", int(1), false, "/", true, false])
  })
  test("that copy and compare members see what ids, bytes and decimals hold", async () => {
    expect(await call("ids")).toEqual([
      [{ $oid: "0123456789abcdef01234567" }, true, false], [{ $binary: { base64: "ASNFZ4mrze8BI0Vn", subType: "00" } }, true, false], [{ $numberDecimal: "123457" }, true, false],
    ])
  })
  test("that cannot be bundled are reported and missing when reached", () => expect(problems.map(({ name }) => name)).toEqual(["broken"]))
  test("outside the table, relative paths and closed modules are not found", async () => {
    expect(await call("missing")).toEqual(["MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "object", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND"])
  })
})

describe("Node's modules", () => {
  test("streams, zlib, events, util and their kind", async () => expect(await call("streams")).toEqual(["some text", int(5), "{ a: 1 }", int(8), "StringDecoder", "\n", "xn--maana-pta.com"]))
  test("crypto", async () => expect(await call("crypto")).toEqual(["text", expect.stringMatching(/^.{43}=$/), int(16), true, "function"]))
  test("crypto refuses what is neither text nor bytes, and what is over", async () => expect(await call("crypto-misused")).toEqual([...Array.from({ length: 6 }, () => "ERR_INVALID_ARG_TYPE"), "ERR_CRYPTO_HASH_FINALIZED", "ERR_CRYPTO_HASH_FINALIZED"]))
  test("crypto takes all that scrypt depends on, and callbacks", async () => {
    const [first, second] = [{ N: 1024, r: 4, p: 2 }, { cost: 32768, blockSize: 8, parallelization: 1 }].map((options) => scryptSync("p", "s", 16, { ...options, maxmem: 2 ** 26 }).toString("hex"))
    expect(await call("crypto-more")).toEqual([first, second, "RangeError", true, true])
  })
  test("buffers know base64url, and equal other views", async () => expect(await call("buffers")).toEqual(["_-8", "ffef", true, int(2), true, false, "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"]))
  test("util and querystring have what Node 10 has", async () => expect(await call("helpers")).toEqual([true, false, "a 1", "a%20b", "a b", "%zz", "later", "soon"]))
  test("a request that is given up tells so, and the answer's members are Node's", async () => {
    expect(await call("http-given-up", [(server.address() as AddressInfo).port])).toEqual([["Error", "ECONNRESET"], ["Error", "ECONNRESET"], ["AbortError", "ABORT_ERR"], ["Error", "ECONNREFUSED"], "Not Found", [expect.stringMatching(/^\d+$/), true], expect.stringContaining("DELETE")])
  })
  test("http goes through the server, under its address policy", async () => {
    expect(await call("http", [(server.address() as AddressInfo).port])).toEqual([int(201), "2", "POST /p?q=1 1 body"])
    expect(await call("restricted")).toBe("EACCES")
  })
  test("only what is asked for is bundled", async () => {
    expect(Object.keys((await bundleModules(appOf([functionOf("a", { source: "exports = () => 1" })]))).modules)).toEqual([])
    expect(Object.keys((await bundleModules(appOf([functionOf("a", { source: "exports = () => Buffer.from('a')" })]))).modules)).toEqual(["buffer"])
    expect(Object.keys((await bundleModules(appOf([functionOf("a", { source: "exports = () => require('path')" })]))).modules).sort()).toEqual(["buffer", "path"])
  })
})

describe("endpoints", () => {
  test("tell what the function did to its response", async () => {
    const { result, response } = await functions.runEndpoint("endpoint", { query: { a: "1" }, headers: {}, body: "text" as never }, asAda, { via: "endpoint" }, (left) => left).catch(() => ({ result: "", response: undefined }))
    expect([result, response]).toEqual(["", undefined])
    const { Binary } = await import("../../../kernel/index.ts")
    expect(await functions.runEndpoint("endpoint", { query: { a: "1" }, headers: {}, body: new Binary(Buffer.from("text")) }, asAda, { via: "endpoint" }, (left) => left))
      .toEqual({ result: '{"ignored":true}', response: { touched: true, statusCode: 202, headers: [["content-type", ["text/plain"]]], body: "text1" } })
    expect(await functions.runEndpoint("silent", {}, asAda, { via: "webhook" }, (left) => left)).toEqual({ result: '{"plain":true}', response: { touched: false, statusCode: undefined, headers: [], body: undefined } })
  })
})
