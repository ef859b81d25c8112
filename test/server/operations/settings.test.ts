// The operator's settings: strictly read, never quoted, and acting on what is served.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { ConfigError, createServer, parseMetricsToken, parseSettings, parseTrustedProxies, readSettings } from "../../../server/index.ts"
import { openStores } from "../../../server/open-store.ts"
import { claimsOf, serveInProcess, signIn } from "../../support/in-process.ts"
import { root, temporaryFolder, worktracker } from "../../support/serve.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

function refusal(value: unknown): string {
  try {
    parseSettings(value, "settings")
  } catch (error) {
    expect(error).toMatchObject({ code: "option-invalid" })
    return (error as Error).message
  }
  throw new Error("the settings were taken")
}

describe("settings are refused", () => {
  for (const [fault, value, pointer] of [
    ["an unknown key", { mongo: 1 }, "/mongo"],
    ["an unknown key inside", { functions: { limits: { wallMS: 1 } } }, "/functions/limits/wallMS"],
    ["a number out of range", { functions: { limits: { memoryMb: 8 } } }, "/functions/limits/memoryMb"],
    ["a word that is none", { tokens: { accessTokenCheck: "none" } }, "/tokens/accessTokenCheck"],
    ["an isolation that is none", { functions: { isolation: "none" } }, "/functions/isolation"],
    ["a choice of the rules that is none", { data: { rules: { hiddenOnWrite: "ignore" } } }, "/data/rules/hiddenOnWrite"],
    ["a flag in a text", { data: { usersMayUseRegex: "true" } }, "/data/usersMayUseRegex"],
    ["an order of insertion that is none", { customData: { firstInserted: "natural" } }, "/customData/firstInserted"],
    ["an order of insertion by no field", { customData: { firstInserted: {} } }, "/customData/firstInserted"],
    ["a claim that no request could carry", { customData: { maxClaimBytes: 92_161 } }, "/customData/maxClaimBytes"],
    ["everybody as a proxy", { http: { trustedProxies: ["0.0.0.0/0"] } }, "/http/trustedProxies/0"],
    ["a short metrics token", { http: { metricsToken: "short" } }, "/http/metricsToken"],
    ["a list instead of an object", { tokens: [] }, "/tokens"],
    ["no time at all for a transaction", { embedded: { transactionSeconds: 0 } }, "/embedded/transactionSeconds"],
    ["a key of prototypes", JSON.parse('{"functions":{"__proto__":{}}}'), "/functions/__proto__"],
  ] as const) {
    test(`${fault}, with its place`, () => {
      expect(refusal(value)).toContain(` ${pointer}: `)
    })
  }

  test("without quoting what may be a password", () => {
    expect(refusal({ mongodb: "postgres://ana:s3cret-word@db" })).not.toContain("s3cret-word")
    expect(refusal({ dataSources: { "mongodb-atlas": "ana:s3cret-word@db" } })).not.toContain("s3cret-word")
  })

  test("when the file is no JSON, without quoting it", async () => {
    const file = join(folder.path, "broken.json")
    writeFileSync(file, "{ s3cret-word")
    const error = await readSettings(file).then(() => undefined, (thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).not.toContain("s3cret-word")
  })

  test("when they map a data source the app does not have, before anything is served", async () => {
    const refused = createServer({ directory: worktracker, data: { memory: true }, settings: { dataSources: { "other-service": "mongodb://127.0.0.1:9" } } })
    await expect(refused).rejects.toMatchObject({ code: "option-invalid", message: expect.stringContaining("/dataSources/other-service") })
  })

  test("as options of the command line too", () => {
    expect(parseTrustedProxies("loopback, 10.0.0.0/8")).toEqual(["loopback", "10.0.0.0/8"])
    expect(() => parseTrustedProxies("proxy.example")).toThrow(ConfigError)
    expect(() => parseTrustedProxies("10.0.0.0/8,")).toThrow(ConfigError)
    expect(() => parseMetricsToken("x")).toThrow(ConfigError)
  })
})

test("the example of the production guide is taken as it stands", () => {
  const [, example = ""] = /```json\n([^]*?)```/.exec(readFileSync(join(root, "docs/production.md"), "utf8")) ?? []
  expect(Object.keys(parseSettings(JSON.parse(example), "example"))).toEqual(["mongodb", "dataSources", "functions", "tokens", "customData", "data", "http"])
})

describe("settings act", () => {
  test("on tokens, on queries and on the time functions have", async () => {
    const served = await serveInProcess({ settings: parseSettings({ tokens: { algorithm: "ES256", refreshTokenSeconds: 600 }, functions: { limits: { executeDepth: 1 } }, data: { usersMayUseRegex: true } }, "test") })
    try {
      const { access_token: token, refresh_token: refresh } = await signIn(served, "lea@red.example")
      expect(JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString())).toMatchObject({ alg: "ES256" })
      const claims = claimsOf(refresh)
      expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(600)
      const find = { name: "find", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "tasks", query: { title: { $regex: "^a" } } }] }
      expect((await served.call("POST", "{app}/functions/call", { token, body: find })).status).toBe(200)
    } finally {
      await served.close()
    }
    const strict = await serveInProcess()
    try {
      const { access_token: token } = await signIn(strict, "lea@red.example")
      const find = { name: "find", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "tasks", query: { title: { $regex: "^a" } } }] }
      expect((await strict.call("POST", "{app}/functions/call", { token, body: find })).status).toBe(400)
    } finally {
      await strict.close()
    }
  })

  test.each([["skip", 200], ["refuse", 400]] as const)("on the choices of the rules: documents a write meets and its user may not see, %s", async (hiddenOnWrite, status) => {
    const served = await serveInProcess({ settings: parseSettings({ data: { rules: { hiddenOnWrite } } }, "test") })
    try {
      await signIn(served, "leo@blue.example")
      const { access_token: token } = await signIn(served, "lea@red.example")
      const update = { database: "tracker", collection: "members", query: {}, update: { $set: { displayName: "all of us" } } }
      const reply = await served.call("POST", "{app}/functions/call", { token, body: { name: "updateMany", service: "mongodb-atlas", arguments: [update] } })
      expect(reply.status).toBe(status)
      if (status === 200) expect(await reply.json()).toMatchObject({ matchedCount: { $numberInt: "1" } })
    } finally {
      await served.close()
    }
  })

  test("on the size of custom user data", async () => {
    const served = await serveInProcess({ settings: { customData: { maxClaimBytes: 10 } } })
    try {
      await served.call("POST", "{app}/auth/providers/local-userpass/register", { body: { email: "lea@red.example", password: "a long password" } })
      const reply = await served.call("POST", "{app}/auth/providers/local-userpass/login", { body: { username: "lea@red.example", password: "a long password" } })
      expect(reply.status).toBe(500)
    } finally {
      await served.close()
    }
  })

  test("on what counts as the caller's address: a proxy that was named, and no other", async () => {
    const hostname = async (trustedProxies: readonly string[]): Promise<string> => {
      const served = await serveInProcess({ settings: { http: { trustedProxies } } })
      try {
        const reply = await served.call("GET", "{app}/location", { headers: { "x-forwarded-proto": "https", "x-forwarded-host": "api.example" } })
        return ((await reply.json()) as { hostname: string }).hostname
      } finally {
        await served.close()
      }
    }
    expect(await hostname(["loopback"])).toBe("https://api.example")
    expect(await hostname(["10.0.0.0/8"])).toMatch(/^http:\/\/127\.0\.0\.1:/)
    expect(await hostname([])).toMatch(/^http:\/\/127\.0\.0\.1:/)
  })
})

test("the embedded store has the limits of the settings", async () => {
  const { embedded } = parseSettings({ embedded: { durability: "process", maxBytes: 200_000, transactionSeconds: 1, idleSeconds: 1 } }, "settings")
  const stores = await openStores({ file: join(folder.path, "limited.sqlite") }, { dataSources: new Map() }, { embedded: embedded ?? {} })
  const namespace = { database: "d", collection: "c" }
  const fill = async (): Promise<never> => {
    for (;;) await stores.store.insert(namespace, [{ text: "x".repeat(5000) }])
  }
  await expect(fill()).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("full") })
  await expect(stores.store.transaction(() => new Promise(() => undefined))).rejects.toMatchObject({ serverCode: 290 })
  await stores.close()
})

test("a data source is mapped by the name of its cluster too; one that is not mapped is on the default store", async () => {
  const source = { name: "mongodb-atlas", config: { clusterName: "Cluster0" } }
  const model = { dataSources: new Map([["mongodb-atlas", source]]) } as unknown as Parameters<typeof openStores>[1]
  const stores = await openStores({ memory: true }, model, {})
  expect(stores.storeFor("mongodb-atlas").store).toBe(stores.store)
  await stores.close()
  await expect(openStores({ memory: true }, model, { dataSources: { Cluster0: "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200" } })).rejects.toMatchObject({ code: "database-unreachable" })
})
