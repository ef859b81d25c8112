// What every function finds, against what Node has.
import { generateKeyPairSync, createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { openGuest, runGuest } from "./harness.ts"

const guest = openGuest()
const evaluate = (code: string): unknown => JSON.parse(String(guest.evaluate(`JSON.stringify((() => { ${code} })())`)))

describe("web globals", () => {
  test("URL and its parts, searchParams both ways", () => {
    expect(evaluate('const u = new URL("../b?x=1#h", "https://u:p@e.org:8080/a/c"); u.searchParams.append("y", "a b&"); u.hash = "z"; return [u.href, u.host, u.searchParams.get("x"), String(u)]'))
      .toEqual(["https://u:p@e.org:8080/b?x=1&y=a+b%26#z", "e.org:8080", "1", "https://u:p@e.org:8080/b?x=1&y=a+b%26#z"])
    expect(evaluate('try { new URL("nope") } catch (error) { return [error.name, URL.canParse("nope"), URL.canParse("a", "http://b")] }')).toEqual(["TypeError", false, true])
  })

  test("URLSearchParams is as in Node", () => {
    for (const text of ["a=1&b=2&a=3", "?x=%F0%9F%98%80+y", "a", "=b", "a=%zz", "a=1&&b"]) {
      expect(evaluate(`const p = new URLSearchParams(${JSON.stringify(text)}); return [[...p], p.toString(), p.getAll("a")]`), text).toEqual(((p) => [[...p], p.toString(), p.getAll("a")])(new URLSearchParams(text)))
    }
    expect(evaluate('return new URLSearchParams({ a: "é*~\'", b: 2 }).toString()')).toBe(new URLSearchParams({ a: "é*~'", b: "2" }).toString())
  })

  test("TextEncoder, TextDecoder, atob, btoa", () => {
    expect(evaluate('return [[...new TextEncoder().encode("é😀")], new TextDecoder().decode(new Uint8Array([239, 187, 191, 195, 169])), btoa("a\\xff"), atob("YQ=="), (() => { try { btoa("€") } catch { return "refused" } })()]'))
      .toEqual([[...new TextEncoder().encode("é😀")], "é", btoa("a\xff"), "a", "refused"])
  })

  test("structuredClone keeps cycles, dates, maps and views", () => {
    expect(evaluate('const a = { d: new Date(5), m: new Map([[1, { x: 1 }]]), b: new Uint8Array([1, 2]) }; a.self = a; const c = structuredClone(a); return [c !== a, c.self === c, c.d.getTime(), c.m.get(1).x, [...c.b], (() => { try { structuredClone(() => 1) } catch (error) { return error.name } })()]'))
      .toEqual([true, true, 5, 1, [1, 2], "DataCloneError"])
  })

  test("AbortController, random values", () => {
    expect(evaluate('const c = new AbortController(); let seen = 0; c.signal.addEventListener("abort", () => seen++); c.abort(); c.abort(); return [seen, c.signal.aborted, c.signal.reason.name]')).toEqual([1, true, "AbortError"])
    expect(evaluate("return [crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)).length]")).toEqual([expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/), 4])
  })

  test("classes are told by their tags, as packages ask", () => {
    const names = ["URL", "URLSearchParams", "TextEncoder", "TextDecoder", "AbortController", "EventTarget"]
    const tags = names.map((name) => `[object ${name}]`)
    expect(evaluate(`return [${names.map((name) => `new ${name}(${name === "URL" ? '"http://h"' : ""})`).join(", ")}].map((each) => Object.prototype.toString.call(each))`)).toEqual(tags)
    expect(evaluate('return [new Event("x"), new AbortController().signal, new DOMException("x"), crypto].map((each) => Object.prototype.toString.call(each))')).toEqual(["[object Event]", "[object AbortSignal]", "[object DOMException]", "[object Crypto]"])
  })

  test("an address that is none has Node's code, and parse() gives null", () => {
    expect(evaluate('try { new URL("nope") } catch (error) { return [error.code, URL.parse("nope"), URL.parse("a", "http://b").href] }')).toEqual(["ERR_INVALID_URL", null, "http://b/a"])
    expect(evaluate('const p = new URLSearchParams("a=1&a=2"); const has = [p.has("a", "2"), p.has("a", "3")]; p.delete("a", "1"); return [...has, p.toString()]')).toEqual([true, false, "a=2"])
  })

  test.each([
    ["utf-8", "é€😀a\ud83d", {}], ["utf-8", "\ufeffa\ufeff", {}], ["utf-8", "\ufeffa", { ignoreBOM: true }], ["UTF-16LE", "é😀a", {}], ["latin1", "", {}], ["windows-1252", "", {}],
  ] as const)("TextDecoder reads %s, whole and in pieces of every size, as Node does (%j, %j)", (label, letters, options) => {
    const bytes = [...(letters === "" ? Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)) : label === "utf-8" ? Buffer.concat([Buffer.from(letters), Buffer.from([0xc3, 0x28, 0xf0, 0x9f, 0x92])]) : Buffer.from(`${letters}\ud83db\ud83d`, "utf16le")), ...(label === "UTF-16LE" ? [0x61] : [])]
    const wanted = new TextDecoder(label, options).decode(new Uint8Array(bytes))
    for (const size of [1, 2, 3, 5, 1000]) {
      expect(evaluate(`const bytes = new Uint8Array(${JSON.stringify(bytes)}), decoder = new TextDecoder("${label}", ${JSON.stringify(options)}); const all = () => { let text = ""; for (let at = 0; at < bytes.length; at += ${size}) text += decoder.decode(bytes.subarray(at, at + ${size}), { stream: true }); return text + decoder.decode() }; return [all(), all(), decoder.encoding, decoder.decode(bytes)]`), `${size}`).toEqual([wanted, wanted, new TextDecoder(label).encoding, wanted])
    }
  })

  test("encodeInto() writes whole letters only, and says how many", () => {
    expect(evaluate('const target = new Uint8Array(4); return [new TextEncoder().encodeInto("é😀a", target), [...target]]')).toEqual([{ read: 1, written: 2 }, [195, 169, 0, 0]])
  })

  test("TextDecoder refuses what is malformed when it is fatal, what is not bytes, and other encodings", () => {
    expect(evaluate('const refused = (work) => { try { return work() } catch (error) { return error.name } }; return [refused(() => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255]))), refused(() => new TextDecoder("utf-16le", { fatal: true }).decode(new Uint8Array([0, 0xd8]))), refused(() => new TextDecoder().decode("a")), refused(() => new TextDecoder("shift_jis"))]'))
      .toEqual(["TypeError", "TypeError", "TypeError", "RangeError"])
  })

  test("fetch and shared memory are absent", () => {
    expect(evaluate("return [typeof fetch, typeof XMLHttpRequest, typeof WebAssembly, typeof SharedArrayBuffer, typeof Atomics, typeof WeakRef, typeof FinalizationRegistry]")).toEqual(Array.from({ length: 7 }, () => "undefined"))
  })
})

describe("BSON", () => {
  test.each([
    ["ObjectId", '"650000000000000000000001"', { $oid: "650000000000000000000001" }],
    ["Int32", "5", { $numberInt: "5" }],
    ["Double", "5", { $numberDouble: "5.0" }],
    ["Long", "5, 1", { $numberLong: "4294967301" }],
    ["Decimal128", '"1.50"', { $numberDecimal: "1.50" }],
    ["Binary", "new Uint8Array([1, 2]), 5", { $binary: { base64: "AQI=", subType: "05" } }],
    ["UUID", '"3b241101-e2bb-4255-8caf-4136c566a962"', { $binary: { base64: "OyQRAeK7QlWMr0E2xWapYg==", subType: "04" } }],
    ["BSONRegExp", '"a", "i"', { $regularExpression: { pattern: "a", options: "i" } }],
    ["Timestamp", "{ t: 5, i: 6 }", { $timestamp: { t: 5, i: 6 } }],
    ["MinKey", "", { $minKey: 1 }],
    ["MaxKey", "", { $maxKey: 1 }],
    ["Code", '"f"', { $code: "f" }],
    ["BSONSymbol", '"s"', { $symbol: "s" }],
    ["DBRef", '"c", "x"', { $ref: "c", $id: "x" }],
  ])("BSON.%s(%s) is written as what it is, made with and without new", (name, args, json) => {
    expect(evaluate(`return [new BSON.${name}(${args}), BSON.${name}(${args})].map((each) => [EJSON.stringify(each), each instanceof BSON.${name}])`)).toEqual([[JSON.stringify(json), true], [JSON.stringify(json), true]])
  })

  test("a UUID is a Binary, and equals one", () => {
    expect(evaluate('const id = BSON.UUID("3b241101-e2bb-4255-8caf-4136c566a962"); return [id instanceof BSON.Binary, id.equals(id.toBinary()), id.toBinary().toUUID().toString(), BSON.UUID(id).toString() === String(id)]')).toEqual([true, true, "3b241101-e2bb-4255-8caf-4136c566a962", true])
  })

  test("classes work with and without new, and can be extended", () => {
    expect(evaluate('class Id extends BSON.ObjectId {}; const a = new Id("650000000000000000000001"); return [a instanceof Id, a instanceof BSON.ObjectId, BSON.Long(5) instanceof BSON.Long, new BSON.Long(5) instanceof BSON.Long, Object.prototype.toString.call(a), BSON.ObjectId.name]'))
      .toEqual([true, true, true, true, "[object ObjectId]", "ObjectId"])
  })

  test("Long arithmetic, words and text", () => {
    expect(evaluate('return [BSON.Long(-1).toString(), BSON.Long(0, 1).toString(), BSON.Long.fromString("9223372036854775807").add(1).toString(), BSON.Long(7) + 1, BSON.Long(2 ** 40).toNumber(), BSON.Long(7).div(2).toString(), BSON.Long(3).compare(4), BSON.Long(1e30).toString()]'))
      .toEqual(["-1", "4294967296", "-9223372036854775808", 8, 2 ** 40, "3", -1, "9223372036854774784"])
  })

  test("Long's short names", () => {
    expect(evaluate('const a = BSON.Long(7), b = BSON.Long(2); return ["add", "sub", "mul", "div", "mod", "rem", "shl", "shr", "neg"].map((name) => a[name](b).toString()).concat(["lt", "le", "gt", "ge", "eq", "ne", "neq", "comp", "eqz"].map((name) => a[name](b)))'))
      .toEqual(["9", "5", "14", "3", "1", "1", "28", "1", "-7", false, false, true, true, false, true, true, 1, false])
  })

  test("ObjectIds are unique, ordered by time, and compared by text", () => {
    expect(evaluate('const ids = Array.from({ length: 1000 }, () => new BSON.ObjectId().toString()); const now = Math.floor(Date.now() / 1000); return [new Set(ids).size, Math.abs(new BSON.ObjectId().getTimestamp().getTime() / 1000 - now) < 5, BSON.ObjectId.isValid("x"), new BSON.ObjectId("650000000000000000000001").equals("650000000000000000000001")]'))
      .toEqual([1000, true, false, true])
  })
})

describe("utils", () => {
  test("RSA signatures, both schemes", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs1", format: "pem" }, publicKeyEncoding: { type: "pkcs1", format: "pem" } })
    expect(evaluate(`const [priv, pub] = ${JSON.stringify([privateKey, publicKey])}; return ["pss", "pkcs1v15", undefined].map((scheme) => { const s = utils.crypto.sign("rsa", "text", priv, scheme); return [utils.crypto.verify("rsa", "text", pub, s, scheme), utils.crypto.verify("rsa", "other", pub, s, scheme)] })`))
      .toEqual([[true, false], [true, false], [true, false]])
  })

  test("tokens of every family; a public key is no HMAC secret", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } })
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256", privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } })
    expect(evaluate(`const rsa = ${JSON.stringify(rsa)}, ec = ${JSON.stringify(ec)}; return [["RS256", rsa], ["PS384", rsa], ["ES256", ec]].map(([m, k]) => utils.jwt.decode(utils.jwt.encode(m, { a: 1 }, k.privateKey), k.publicKey, false, [m]).a)`)).toEqual([1, 1, 1])
    expect(evaluate(`const rsa = ${JSON.stringify(rsa)}; const t = utils.jwt.encode("HS256", { a: 1 }, rsa.publicKey); try { return utils.jwt.decode(t, rsa.publicKey) } catch { return "refused" }`)).toBe("refused")
    expect(evaluate('const old = utils.jwt.encode("HS256", { exp: 1 }, "s"); try { return utils.jwt.decode(old, "s") } catch (error) { return error.message }')).toContain("expired")
    expect(evaluate('return utils.jwt.decode(utils.jwt.encode("HS256", {}, "s", { alg: "none", kid: "k" }), "s", true).header')).toEqual({ alg: "HS256", typ: "JWT", kid: "k" })
  })

  test("hash and hmac answer as Node", () => {
    expect(evaluate('return [utils.crypto.hash("sha1", "é").toHex(), utils.crypto.hmac("a", "b", "sha512", "hex").length]')).toEqual([createHash("sha1").update("é").digest("hex"), 128])
  })

  test("input beyond a megabyte is refused", () => {
    expect(evaluate('try { utils.crypto.hash("md5", "x".repeat(2e6)); return "done" } catch (error) { return error.name }')).toBe("RangeError")
  })
})

describe("console", () => {
  const lines = async (body: string): Promise<unknown[]> => {
    const { messages } = await runGuest({ main: `exports = () => { ${body} }` })
    return messages.flatMap((message) => (message.kind === "log" ? message.lines : message.kind === "end" ? message.end.logs : [])).map(({ text }) => text)
  }
  test("never throws: cycles, getters, proxies, bigints, symbols, functions", async () => {
    expect(await lines("const a = {}; a.a = a; console.log(a); console.log({ get x() { throw 1 } }); console.log(1n, Symbol('s'), undefined, null, function f() {}); console.log(new Proxy({}, { ownKeys() { throw 1 } }))"))
      .toEqual(['{"a":"[Circular]"}', '{"x":"[Throws]"}', "1 Symbol(s) undefined null [Function: f]", "[Throws]"])
  })

  test("lines before something a call waits for are told before it", async () => {
    const { messages, end } = await runGuest({ main: 'exports = async () => { console.log("a"); await context.http.get({ url: "http://h" }); console.error("b") }' })
    expect(messages.map(({ kind }) => kind)).toEqual(["log", "ops", "end"])
    expect([messages[0], end.logs]).toMatchObject([{ lines: [{ text: "a" }] }, [{ text: "b" }]])
  })

  test("a flood is few messages, and the last lines are there", async () => {
    const { messages, end } = await runGuest({ main: "exports = () => { for (let i = 0; i < 100000; i++) console.log('x' + i) }" })
    expect(messages.length).toBeLessThan(100)
    expect(messages.flatMap((message) => (message.kind === "log" ? message.lines : [])).concat(end.logs).at(-1)?.text).toBe("x99999")
  })
})

describe("tampering", () => {
  test("changed prototypes and globals do not stop the call from ending", async () => {
    const { end } = await runGuest({ main: `exports = async () => {
      Object.prototype.toJSON = () => 1; Object.prototype.then = undefined; Array.prototype.push = null; Array.prototype.map = null; String.prototype.slice = null; JSON.stringify = () => "x"; JSON.parse = null; Map.prototype.get = null;
      Promise.prototype.then = null; Object.keys = null; RegExp.prototype.exec = null; RegExp.prototype.test = null; Number.prototype.toString = null; globalThis.Object = null; globalThis.Promise = null; globalThis.Array = null; console.log({ a: 1 });
      return { list: [1, 2.5, new Date(0)] }
    }` })
    expect(end).toMatchObject({ ok: true, result: '{"list":[{"$numberInt":"1"},{"$numberDouble":"2.5"},{"$date":{"$numberLong":"0"}}]}' })
  })

  test("neither channel nor loader can be reached from functions", async () => {
    const { end } = await runGuest({ main: "exports = () => [typeof send, typeof sync, typeof dispatch, typeof loadFunction, typeof internals, (() => { try { return Object.keys(require('backstitch:url')).length } catch (error) { return error.message } })()]" })
    expect(end.ok && JSON.parse(end.result)).toEqual(["undefined", "undefined", "undefined", "undefined", "undefined", "Cannot find module 'backstitch:url'"])
  })
})
