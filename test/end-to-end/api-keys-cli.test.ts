// `backstitch api-keys`, and realm-web with a key that it made.
import { join } from "node:path"
import * as Realm from "realm-web"
import { afterAll, expect, test } from "vitest"
import { clientsApp, jwtKey } from "../sdk/clients-app.ts"
import { client, refusal, type Client } from "../sdk/realm-web/client.ts"
import { serveInProcess } from "../support/in-process.ts"
import { run, temporaryFolder, type Ended } from "../support/serve.ts"

const folder = temporaryFolder()
const data = join(folder.path, "keys.sqlite")
const apiKeys = (name: string, ...more: string[]): Promise<Ended> => run(["api-keys", name, clientsApp, ...more, "--data", data])
afterAll(() => folder.remove())

async function whileServed<Result>(work: (browser: Client) => Promise<Result>): Promise<Result> {
  const served = await serveInProcess({ directory: clientsApp, secrets: { jwtKey }, data: { file: data } })
  try {
    return await work(client({ url: served.url, appId: served.server.clientAppId }))
  } finally {
    await served.close()
  }
}

test("a server key is made, logs a program in as a user of type server, is listed, switched and deleted", async () => {
  await whileServed(async () => undefined)
  const made = await apiKeys("create", "nightly-job")
  expect([made.code, made.stderr]).toEqual([0, "the key is not shown again; a program that has it logs in as a user of type `server`\n"])
  const [, id, key] = /^([0-9a-f]{24}) {2}([A-Za-z0-9_-]{64})\n$/.exec(made.stdout) as unknown as [string, string, string]
  const userId = await whileServed(async ({ app }) => {
    const user = await app.logIn(Realm.Credentials.apiKey(key))
    expect([user.profile, user.identities]).toMatchObject([{ name: "nightly-job" }, [{ id, providerType: "api-key" }]])
    expect(await user.functions["whoAmI"]?.()).toMatchObject({ id: user.id, type: "server" })
    return user.id
  })
  expect(await apiKeys("create", "nightly-job")).toMatchObject({ code: 1, stdout: "", stderr: "backstitch: API key with name already exists\n" })

  expect(await apiKeys("disable", id)).toMatchObject({ code: 0, stdout: `disabled ${id}\n` })
  expect((await apiKeys("list")).stdout).toBe(`${id}  disabled  nightly-job\n`)
  await whileServed(async ({ app }) => expect(await refusal(app.logIn(Realm.Credentials.apiKey(key)))).toEqual({ status: 401, code: "AuthError", text: "unauthorized" }))
  expect((await apiKeys("enable", id)).stdout).toBe(`enabled ${id}\n`)
  await whileServed(async ({ app }) => expect((await app.logIn(Realm.Credentials.apiKey(key))).id).toBe(userId))
  expect((await apiKeys("delete", id)).stdout).toBe(`deleted ${id}\n`)
  expect(await apiKeys("delete", id)).toMatchObject({ code: 1, stderr: "backstitch: API key not found\n" })
  await whileServed(async ({ app }) => expect(await refusal(app.logIn(Realm.Credentials.apiKey(key)))).toMatchObject({ code: "AuthError" }))
})
