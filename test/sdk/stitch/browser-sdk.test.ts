// The unmodified mongodb-stitch-browser-sdk 4.9.0 in a page of another origin: preflights, readable errors, EventSource.
import { createRequire } from "node:module"
import { SignJWT } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { jwtKey, serveClients, type ClientsServed } from "../clients-app.ts"
import { openBrowser } from "./browser.ts"
import { stitchStories, type StitchClient, type StitchSdk } from "./stories.ts"

interface BrowserSdk extends StitchSdk {
  readonly Stitch: { initializeAppClient(id: string, configuration: unknown): StitchClient; clearApps?(): void }
  readonly MemoryStorage: new (suite: string) => unknown
  readonly StitchAppClientConfiguration: { readonly Builder: new () => Builder }
}
interface Builder { withBaseUrl(url: string): Builder; withStorage(storage: unknown): Builder; build(): unknown }

const origin = "http://shop.example"
const browser = await openBrowser(origin)
const sdk = createRequire(import.meta.url)("mongodb-stitch-browser-sdk") as BrowserSdk
let served: ClientsServed
beforeAll(async () => {
  served = await serveClients({ allowedOrigins: [origin, "http://admin.example"] })
})
afterAll(async () => {
  await browser.close()
  await served.close()
})

let clients = 0
function client(own: ClientsServed = served): StitchClient {
  sdk.Stitch.clearApps?.()
  const { Builder } = sdk.StitchAppClientConfiguration
  return sdk.Stitch.initializeAppClient(own.appId, new Builder().withBaseUrl(own.url).withStorage(new sdk.MemoryStorage(`browser-${clients++}`)).build())
}

describe("mongodb-stitch-browser-sdk", () => {
  stitchStories({
    sdk,
    served: () => served,
    client,
    jwt: () => new SignJWT({ sub: "kim", email: "kim@corp.example" }).setProtectedHeader({ alg: "HS256" }).setAudience(served.appId).setIssuedAt(0).setExpirationTime("1 day").sign(new TextEncoder().encode(jwtKey)),
  })

  test("sees nothing of an app that does not allow its origin", async () => {
    const closed = await serveClients({ allowedOrigins: ["http://admin.example"] })
    try {
      await expect(client(closed).auth.loginWithCredential(new (sdk.AnonymousCredential as unknown as new () => { providerName: string })())).rejects.toThrow()
    } finally {
      await closed.close()
    }
  })
})
