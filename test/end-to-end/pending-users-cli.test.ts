// `backstitch users pending`, `confirm` and `discard`, and realm-web before and after.
import { join } from "node:path"
import * as Realm from "realm-web"
import { afterAll, expect, test } from "vitest"
import { clientsApp, jwtKey, password } from "../sdk/clients-app.ts"
import { client, refusal } from "../sdk/realm-web/client.ts"
import { serveInProcess } from "../support/in-process.ts"
import { run, temporaryFolder, type Ended } from "../support/serve.ts"

const folder = temporaryFolder()
const data = join(folder.path, "pending.sqlite")
const users = (name: string, ...more: string[]): Promise<Ended> => run(["users", name, clientsApp, ...more, "--data", data])
afterAll(() => folder.remove())

async function whileServed(work: (app: Realm.App) => Promise<void>): Promise<void> {
  const served = await serveInProcess({ directory: clientsApp, secrets: { jwtKey }, data: { file: data } })
  try {
    await work(client({ url: served.url, appId: served.server.clientAppId }).app)
  } finally {
    await served.close()
  }
}

test("users who registered are listed until they log in, confirmed by hand, and forgotten", async () => {
  const [late, never] = ["late@pending.example", "never@pending.example"]
  await whileServed(async ({ emailPasswordAuth }) => {
    for (const email of [late, never]) await emailPasswordAuth.registerUser({ email, password })
  })
  expect((await users("pending")).stdout.split("\n").toSorted()).toEqual(["", late, never])
  expect(await users("confirm", late)).toMatchObject({ code: 0, stdout: `confirmed ${late}\n` })
  expect(await users("confirm", "nobody@pending.example")).toMatchObject({ code: 1, stdout: "", stderr: "backstitch: user not found\n" })
  expect(await users("discard", never)).toMatchObject({ code: 0, stdout: `discarded ${never}\n` })
  await whileServed(async (app) => {
    expect((await app.logIn(Realm.Credentials.emailPassword(late, password))).profile).toEqual({ email: late })
    expect(await refusal(app.logIn(Realm.Credentials.emailPassword(never, password)))).toMatchObject({ code: "InvalidPassword" })
    await app.emailPasswordAuth.registerUser({ email: never, password })
  })
  expect((await users("pending")).stdout).toBe(`${never}\n`)
})
