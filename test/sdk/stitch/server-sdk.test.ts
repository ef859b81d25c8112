// The unmodified mongodb-stitch-server-sdk 4.9.0.
import { createRequire } from "node:module"
import { SignJWT } from "jose"
import { afterAll, beforeAll, describe } from "vitest"
import { jwtKey, serveClients, type ClientsServed } from "../clients-app.ts"
import { stitchStories, type StitchClient, type StitchSdk } from "./stories.ts"

interface ServerSdk extends StitchSdk {
  readonly Stitch: { initializeAppClient(id: string, configuration: unknown): StitchClient; clearApps(): void }
  readonly MemoryStorage: new (suite: string) => unknown
  readonly StitchAppClientConfiguration: { readonly Builder: new () => Builder }
}
interface Builder { withBaseUrl(url: string): Builder; withStorage(storage: unknown): Builder; build(): unknown }

const sdk = createRequire(import.meta.url)("mongodb-stitch-server-sdk") as ServerSdk
let served: ClientsServed
beforeAll(async () => {
  served = await serveClients()
})
afterAll(async () => {
  sdk.Stitch.clearApps()
  await served.close()
})

let clients = 0
describe("mongodb-stitch-server-sdk", () => {
  stitchStories({
    sdk,
    served: () => served,
    client: (own = served) => {
      // The SDK allows one client for each app and keeps it; another process would have its own.
      sdk.Stitch.clearApps()
      const { Builder } = sdk.StitchAppClientConfiguration
      return sdk.Stitch.initializeAppClient(own.appId, new Builder().withBaseUrl(own.url).withStorage(new sdk.MemoryStorage(`client-${clients++}`)).build())
    },
    jwt: () => new SignJWT({ sub: "kim", email: "kim@corp.example" }).setProtectedHeader({ alg: "HS256" }).setAudience(served.appId).setIssuedAt(0).setExpirationTime("1 day").sign(new TextEncoder().encode(jwtKey)),
  })
})
