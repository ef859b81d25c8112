// The program as a person starts it, an unmodified realm-web 2.0.1, the whole story; on the embedded store and on MongoDB.
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startMongoServer, type TestMongo } from "../servers/mongo-server.ts"
import { serve, temporaryFolder, worktracker, type Served } from "../support/serve.ts"
import { client, logIn, signUp, tasksOf, tellStory } from "../support/story.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

describe("on the embedded store", () => {
  test("realm-web lives the whole story", async () => {
    const served = await serve([worktracker, "--port", "0", "--data", join(folder.path, "story.sqlite")])
    try {
      expect(served.appId).toBe("worktracker-abcde")
      await tellStory(served.appId, served.url)
    } finally {
      expect(await served.stop()).toBe(0)
    }
  }, 60_000)

  test("after kill -9 between two requests the login, the refresh token and the documents are there, in their order", async () => {
    const file = join(folder.path, "killed.sqlite")
    let served: Served = await serve([worktracker, "--port", "0", "--data", file])
    const app = client(served.appId, served.url)
    const lea = await signUp(app, "lea@red.example")
    for (const title of ["one", "two", "three", "four"]) await lea.functions["createTask"]?.({ title })
    const { refreshToken, accessToken } = lea
    expect(await served.stop("SIGKILL")).toBe("SIGKILL")

    served = await serve([worktracker, "--port", "0", "--data", file])
    try {
      const prefix = `${served.url}/api/client/v2.0`
      const refreshed = await fetch(`${prefix}/auth/session`, { method: "POST", headers: { authorization: `Bearer ${refreshToken}` } })
      expect(refreshed.status).toBe(201)
      const profile = await fetch(`${prefix}/auth/profile`, { headers: { authorization: `Bearer ${accessToken}` } })
      expect(await profile.json()).toMatchObject({ user_id: lea.id })
      const again = await logIn(client(served.appId, served.url), "lea@red.example")
      expect(again.id).toBe(lea.id)
      expect(again.customData).toMatchObject({ role: "lead" })
      expect((await tasksOf(again).find()).map(({ title }) => title)).toEqual(["one", "two", "three", "four"])
    } finally {
      await served.stop()
    }
  }, 60_000)
})

describe("on MongoDB", () => {
  let mongo: TestMongo | { readonly skipped: string }
  beforeAll(async () => {
    mongo = await startMongoServer()
  }, 120_000)
  afterAll(async () => {
    if ("uri" in mongo) await mongo.stop()
  })

  test("realm-web lives the whole story", async (context) => {
    if ("skipped" in mongo) return context.skip(mongo.skipped)
    const served = await serve([worktracker, "--port", "0", "--mongodb", mongo.uri])
    try {
      await tellStory(served.appId, served.url)
    } finally {
      expect(await served.stop()).toBe(0)
    }
  }, 60_000)
})
