import { describe, expect, test, vi } from "vitest"
import { Binary, Double, Long, ObjectId, type Document, type Value } from "../../../kernel/index.ts"
import { checkCustomData, createCustomData, decodeSnapshot, encodeSnapshot, type CustomDataConfig, type CustomDataPolicy } from "../../../server/users/index.ts"
import { customDataConfig, refusal } from "./app.ts"

const userId = "64b1f0c2a7d93e5b8c214f06"

function make(find: (value: Value) => Document | null | Promise<Document | null>, policy: CustomDataPolicy = {}, config: CustomDataConfig = customDataConfig) {
  const asked: Value[] = []
  const warnings: [string, Readonly<Record<string, string | number>>][] = []
  const world: { config: CustomDataConfig | undefined; now: Date } = { config, now: new Date("2024-05-01T12:00:00Z") }
  const reader = {
    async findFirstInserted(source: string, database: string, collection: string, field: string, value: Value): Promise<Document | null> {
      expect([source, database, collection, field]).toEqual(["mongodb-atlas", "app", "users", "user_id"])
      asked.push(value)
      return find(value)
    },
  }
  const customData = createCustomData({ config: () => world.config, reader, policy, log: { warn: (code, details) => void warnings.push([code, details]) }, clock: () => world.now })
  return { ...customData, asked, warnings, world }
}

const away = (): never => {
  throw new Error("connection refused")
}

describe("the lookup", () => {
  test("asks for the text first and for the ObjectId only if there is none", async () => {
    const found = make((value) => (typeof value === "string" ? { a: 1 } : { a: 2 }))
    expect(await found.claimFor(userId)).toEqual({ json: '{"a":{"$numberInt":"1"}}', takenAt: found.world.now })
    expect(found.asked).toEqual([userId])
    const second = make((value) => (typeof value === "string" ? null : { a: 2 }))
    expect((await second.claimFor(userId)).json).toBe('{"a":{"$numberInt":"2"}}')
    expect(second.asked).toEqual([userId, ObjectId.createFromHexString(userId)])
  })

  test.each(["legacy-user-7", userId.toUpperCase(), `${userId}0`, userId.slice(1)])("never makes an ObjectId of %s", async (id) => {
    const { claimFor, asked } = make(() => null)
    expect((await claimFor(id)).json).toBeUndefined()
    expect(asked).toEqual([id])
  })

  test("asks nothing while it is off", async () => {
    for (const config of [undefined, { ...customDataConfig, enabled: false }]) {
      const { world, claimFor, asked } = make(() => ({ a: 1 }))
      world.config = config
      expect((await claimFor(userId)).json).toBeUndefined()
      expect(asked).toEqual([])
    }
  })

  test("reads for one request what a token made now would hold", async () => {
    const { documentFor } = make(() => ({ _id: new ObjectId(userId), joined: new Date(7), big: Long.fromString("9007199254740993") }))
    expect(await documentFor(userId)).toEqual({ _id: userId, joined: new Date(7), big: Long.fromString("9007199254740993") })
    expect(await make(() => null).documentFor(userId)).toEqual({})
  })
})

describe("a read that fails", () => {
  const previous = { json: '{"a":{"$numberInt":"1"}}', takenAt: new Date("2024-05-01T11:00:00Z") }

  test("fails the token by default, as an outage", async () => {
    const { claimFor, warnings } = make(away)
    expect(await refusal(claimFor(userId, previous))).toBe("503 InternalServerError")
    expect(warnings).toEqual([["custom-data-unavailable", { userId, policy: "fail" }]])
  })

  test("of the ObjectId fails it too, though the text was looked for in vain", async () => {
    expect(await refusal(make((value) => (typeof value === "string" ? null : away())).claimFor(userId))).toBe("503 InternalServerError")
  })

  test("leaves the claim out under `empty`", async () => {
    expect((await make(away, { onReadError: "empty" }).claimFor(userId, previous)).json).toBeUndefined()
  })

  test("falls back on a copy younger than a day under `previous`, which stays as old as it is", async () => {
    const { claimFor, world } = make(away, { onReadError: "previous" })
    expect(await claimFor(userId, previous)).toBe(previous)
    expect(await refusal(claimFor(userId))).toBe("503 InternalServerError")
    world.now = new Date("2024-05-02T11:00:00Z")
    expect(await refusal(claimFor(userId, previous))).toBe("503 InternalServerError")
  })

  test("by not answering in time is the same", async () => {
    vi.useFakeTimers()
    try {
      const pending = refusal(make(() => new Promise<null>(() => undefined)).claimFor(userId))
      await vi.advanceTimersByTimeAsync(4999)
      expect(await Promise.race([pending, Promise.resolve("waiting")])).toBe("waiting")
      await vi.advanceTimersByTimeAsync(1)
      expect(await pending).toBe("503 InternalServerError")
    } finally {
      vi.useRealTimers()
    }
  })
})

describe("size", () => {
  test("is counted in bytes of the claim, and logged without content", async () => {
    const { claimFor, warnings } = make(() => ({ blob: "é".repeat(9000) }))
    await claimFor(userId)
    expect(warnings).toEqual([["custom-data-large", { userId, bytes: 18_011 }]])
    const large = make(() => ({ secret: "x".repeat(70_000) }))
    expect(await refusal(large.claimFor(userId))).toBe("500 InternalServerError")
    expect(large.warnings).toEqual([["custom-data-too-large", { userId, bytes: 70_013, collection: "app.users" }]])
  })

  test("at the limits is still accepted", async () => {
    for (const [bytes, warned, outcome] of [[16_384, 0, "accepted"], [16_385, 1, "accepted"], [65_536, 1, "accepted"], [65_537, 1, "500 InternalServerError"]] as const) {
      const { claimFor, warnings } = make(() => ({ b: "x".repeat(bytes - 8) }))
      expect(await refusal(claimFor(userId))).toBe(outcome)
      expect(warnings).toHaveLength(warned)
    }
  })
})

describe("a document that Extended JSON cannot tell of", () => {
  const deep = (levels: number): Value => (levels === 0 ? 1 : { a: deep(levels - 1) })
  const untold: [string, Document][] = [
    ["names that spell an id", { ref: { $oid: "x" } }], ["names that spell a number", { list: [{ $numberInt: "abc" }] }], ["names that spell a date", { at: { $date: "tomorrow" } }], ["more than 200 levels", { a: deep(200) }],
  ]

  test.each(untold)("fails the token, and the log names the collection: %s", async (_name, document) => {
    const { claimFor, warnings } = make(() => document)
    expect(await refusal(claimFor(userId))).toBe("500 InternalServerError")
    expect(warnings).toEqual([["custom-data-untold", { userId, collection: "app.users" }]])
  })

  test("is none for other names with a dollar", async () => {
    const document: Document = { a: { $set: 1 }, b: { $regex: "[", $options: "i" }, c: { $oid: "x", other: 1 }, d: { $ref: "c", $id: new ObjectId(userId) } }
    expect(await make(() => document).documentFor(userId)).toEqual({ ...document, d: { $ref: "c", $id: userId } })
  })
})

describe("the claim", () => {
  test("keeps kinds of numbers, dates and bytes both ways; ids become text", () => {
    const document: Document = { _id: new ObjectId(userId), n: 1, d: new Double(1), l: Long.fromNumber(5), when: new Date(-1), raw: new Binary(Buffer.from([1, 2]), 4), list: [{ id: new ObjectId(userId) }, null] }
    expect(decodeSnapshot(JSON.parse(encodeSnapshot(document).json))).toEqual({ ...document, _id: userId, list: [{ id: userId }, null] })
  })

  test("carries __proto__ and constructor as fields and touches no prototype", () => {
    const document = JSON.parse('{"__proto__":{"admin":true},"constructor":"c"}') as Document
    const decoded = decodeSnapshot(JSON.parse(encodeSnapshot(document).json))
    expect(Object.keys(decoded)).toEqual(["__proto__", "constructor"])
    expect((decoded as { admin?: unknown }).admin).toBeUndefined()
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })

  test("that is absent is an empty document", () => expect(decodeSnapshot(undefined)).toEqual({}))
})

describe("checking a configuration", () => {
  const app = { dataSources: new Set(["mongodb-atlas"]), functions: new Set(["onCreate"]) }
  const faults: [Partial<CustomDataConfig>, string[]][] = [
    [{}, []], [{ userIdField: "account.uid", onUserCreationFunction: "onCreate" }, []], [{ userIdField: "" }, ["custom-data-field-missing"]], [{ userIdField: "a..b" }, ["custom-data-field-missing"]],
    [{ dataSource: "nowhere" }, ["custom-data-source-unknown"]], [{ database: "" }, ["custom-data-collection-missing"]], [{ onUserCreationFunction: "gone" }, ["creation-function-unknown"]],
    [{ userIdField: "", collection: "", dataSource: "", onUserCreationFunction: "gone" }, ["custom-data-field-missing", "custom-data-collection-missing", "custom-data-source-unknown", "creation-function-unknown"]],
  ]

  test.each(faults)("%j: errors while enabled, warnings while not", (parts, codes) => {
    for (const enabled of [true, false]) {
      const findings = checkCustomData({ ...customDataConfig, ...parts, enabled }, app)
      expect(findings.map(({ code }) => code)).toEqual(codes)
      for (const { severity } of findings) expect(severity).toBe(enabled ? "error" : "warning")
    }
  })

  test("none is no fault", () => expect(checkCustomData(undefined, app)).toEqual([]))
})
