// `backstitch users` and `backstitch keys` as an operator runs them, on the file of a server that is not running.
import { copyFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { hashSync } from "bcryptjs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { serveInProcess, signIn, type InProcess, type Tokens } from "../support/in-process.ts"
import { run, temporaryFolder, worktracker, type Ended } from "../support/serve.ts"

const folder = temporaryFolder()
const data = join(folder.path, "users.sqlite")
const users = (name: string, ...more: string[]): Promise<Ended> => run(["users", name, worktracker, ...more, "--data", data])
const keys = (name: string, ...more: string[]): Promise<Ended> => run(["keys", name, worktracker, ...more, "--data", data])
let lea: Tokens
let max: Tokens

async function whileServed<Result>(work: (served: InProcess) => Promise<Result>): Promise<Result> {
  const served = await serveInProcess({ data: { file: data } })
  try {
    return await work(served)
  } finally {
    await served.close()
  }
}

function memberUpdate(set: Record<string, unknown>, token: string, served: InProcess, query: Record<string, unknown>): Promise<Response> {
  return served.call("POST", "{app}/functions/call", { token, body: { name: "updateOne", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "members", query, update: { $set: set } }] } })
}

beforeAll(async () => {
  await whileServed(async (served) => {
    lea = await signIn(served, "lea@red.example")
    max = await signIn(served, "max@red.example")
    expect((await memberUpdate({ displayName: "Maximilian" }, max.access_token, served, { user_id: max.user_id })).status).toBe(200)
  })
})
afterAll(() => folder.remove())

describe("users", () => {
  test("are listed, one a line", async () => {
    const { code, stdout } = await users("list")
    expect([code, stdout.trimEnd().split("\n")]).toEqual([0, [lea, max].map(({ user_id: id }) => id).toSorted().map((id) => expect.stringMatching(`^${id}  enabled   local-userpass  20`))])
    const { stdout: json } = await users("list", "--json")
    expect(json.trimEnd().split("\n").map((line) => JSON.parse(line) as unknown)).toContainEqual(expect.objectContaining({ _id: lea.user_id, data: { email: "lea@red.example" } }))
  })

  test("are shown with custom data, live logins, and where the copy in a token differs", async () => {
    const file = join(folder.path, "token")
    writeFileSync(file, `${max.access_token}\n`)
    const { code, stdout } = await users("show", max.user_id, "--token", file)
    expect(code).toBe(0)
    expect(stdout).toContain("1 live logins")
    expect(stdout).toContain('"displayName": "Maximilian"')
    expect(stdout).toMatch(/the copy in the token differs:\n {2}displayName: "max" in the token, "Maximilian" now\n$/)
    expect(stdout).not.toContain(max.access_token)
    expect(await users("show", lea.user_id, "--token", file)).toMatchObject({ code: 1, stderr: "backstitch: Cannot compare: the token is another user's\n" })
  })

  test("are shown with the copy that each live login works with, when it was read, and where it differs", async () => {
    const before = Date.now()
    const second = await whileServed((served) => signIn(served, "max@red.example"))
    const report = async (): Promise<{ customData: Record<string, unknown>; logins: { snapshot: Record<string, unknown> | null; snapshotTaken: string; differences: unknown[] }[] }> => JSON.parse((await users("show", max.user_id, "--json")).stdout)
    const { customData, logins: [newer, older] } = await report()
    expect(customData).toMatchObject({ displayName: "Maximilian" })
    expect([newer?.snapshot, newer?.differences]).toEqual([customData, []])
    expect(Date.parse(newer?.snapshotTaken ?? "")).toBeGreaterThanOrEqual(before)
    expect(older?.differences).toEqual([{ field: "displayName", snapshot: "max", now: "Maximilian" }])
    expect(older?.snapshot).toMatchObject({ displayName: "max" })
    const { stdout } = await users("show", max.user_id)
    expect(stdout).toContain("    as the document is now")
    expect(stdout).toContain('    differs:\n      displayName: "max" in the token, "Maximilian" now')
    await whileServed(async (served) => {
      expect((await served.call("POST", "/auth/session", { token: max.refresh_token })).status).toBe(201)
      expect((await served.call("DELETE", "/auth/session", { token: second.refresh_token })).status).toBe(204)
    })
    expect((await report()).logins).toMatchObject([{ snapshot: customData, differences: [] }])
  })

  test("that are not there are named as such", async () => {
    for (const name of ["show", "disable", "enable", "revoke", "delete"]) expect(await users(name, "0".repeat(24))).toMatchObject({ code: 1, stdout: "", stderr: "backstitch: user not found\n" })
  })

  test("are disabled, enabled, revoked and deleted, and a server that starts then knows it", async () => {
    expect(await users("disable", max.user_id)).toMatchObject({ code: 0, stdout: `disabled ${max.user_id}\n` })
    await whileServed(async (served) => {
      expect((await served.call("POST", "/auth/session", { token: max.refresh_token })).status).toBe(401)
      await expect(signIn(served, "max@red.example")).rejects.toThrow("UserDisabled")
    })
    expect((await users("enable", max.user_id)).code).toBe(0)
    const again = await whileServed(async (served) => {
      expect((await served.call("POST", "/auth/session", { token: max.refresh_token })).status).toBe(401)
      return signIn(served, "max@red.example")
    })
    expect(await users("revoke", max.user_id)).toMatchObject({ code: 0, stdout: `revoked the sessions of ${max.user_id}\n` })
    expect((await users("delete", max.user_id)).code).toBe(0)
    await whileServed(async (served) => {
      expect((await served.call("POST", "/auth/session", { token: again.refresh_token })).status).toBe(401)
      expect((await signIn(served, "max@red.example")).user_id).not.toBe(max.user_id)
    })
  })

  test("with more than one document of custom data are found", async () => {
    expect(await users("duplicates")).toMatchObject({ code: 0, stdout: "", stderr: "no user has more than one document\n" })
    const lines = [
      { kind: "text", value: lea.user_id }, { kind: "id", value: { $oid: lea.user_id } }, { kind: "list", value: [lea.user_id] },
    ].map(({ kind, value }) => ({ user_id: value, kind }))
    const { openStore } = await import("../../server/index.ts")
    const { fromEjson } = await import("../../kernel/index.ts")
    const opened = await openStore({ file: data })
    await opened.store.insert({ database: "tracker", collection: "members" }, lines.map((line) => fromEjson(line) as never))
    await opened.store.close()
    expect(await users("duplicates")).toMatchObject({ code: 1, stdout: `${lea.user_id}  2 as text, 1 as ObjectId\n` })
  })
})

describe("an import", () => {
  const rows = [
    { _id: "64b1f0c2a7d93e5b8c214f06", type: "normal", creation_date: 1_700_000_000, password_hash: hashSync("the old password", 4), identities: [{ id: "64b1f0c2a7d93e5b8c214f10", provider_type: "local-userpass", provider_data: { email: "moved@blue.example" } }, { id: "kim", provider_type: "custom-token", provider_data: {} }] },
    { _id: { $oid: "64b1f0c2a7d93e5b8c214f07" }, email: "short@blue.example" },
    { _id: "64b1f0c2a7d93e5b8c214f08", disabled: true, identities: [{ id: "64b1f0c2a7d93e5b8c214f12-abcdefghijklmnopqrstuvwx", provider_type: "anon-user" }] },
    { _id: "64b1f0c2a7d93e5b8c214f09", email: "lea@red.example" },
    { _id: "64b1f0c2a7d93e5b8c214f0a", identities: [] },
    { _id: "64b1f0c2a7d93e5b8c214f0b", email: "hash@blue.example", password_hash: "secret-md5" },
    { _id: "64b1f0c2a7d93e5b8c214f06", email: "twice@blue.example" },
    { _id: "64b1f0c2a7d93e5b8c214f0c", type: "server", identities: [] },
    { email: "no-id@blue.example" },
  ]
  const file = join(folder.path, "users.ndjson")
  writeFileSync(file, `${rows.map((row) => JSON.stringify(row)).join("\n")}\n{ "_id": \n`)
  const refusals = [
    "line 4 (64b1f0c2a7d93e5b8c214f09): name already in use", "line 5 (64b1f0c2a7d93e5b8c214f0a): it has no identity, so nobody could log in as it",
    "line 6 (64b1f0c2a7d93e5b8c214f0b): its password hash is of no known kind", "line 7 (64b1f0c2a7d93e5b8c214f06): an earlier line has the same id",
    "line 8: only users of type `normal` can be moved", "line 9: `_id` is missing", "line 10: the line is no JSON",
  ]

  test("is tried without writing", async () => {
    const { code, stdout } = await users("import", file, "--dry-run")
    expect([code, stdout.trimEnd().split("\n").toSorted()]).toEqual([1, [...refusals, "would import 3, there already 0, refused 7"].toSorted()])
    expect((await users("list")).stdout).not.toContain("64b1f0c2a7d93e5b8c214f06")
  })

  test("keeps ids, identities and passwords, names each refused row, and can be repeated", async () => {
    const first = await users("import", file)
    expect([first.code, first.stdout.trimEnd().split("\n").toSorted()]).toEqual([1, [...refusals, "imported 3, there already 0, refused 7"].toSorted()])
    expect(`${first.stdout}${first.stderr}`).not.toMatch(/secret-md5|blue\.example/)
    const second = await users("import", file)
    expect(second.stdout.trimEnd().split("\n").at(-1)).toBe("imported 0, there already 3, refused 7")
    await whileServed(async (served) => {
      const logIn = (username: string, password: string): Promise<Response> => served.call("POST", "{app}/auth/providers/local-userpass/login", { body: { username, password } })
      const reply = await logIn("moved@blue.example", "the old password")
      expect([reply.status, await reply.json()]).toMatchObject([200, { user_id: "64b1f0c2a7d93e5b8c214f06" }])
      for (const guess of ["!", "", "the old password"]) expect((await logIn("short@blue.example", guess)).status).toBe(401)
    })
    const { stdout } = await users("show", "64b1f0c2a7d93e5b8c214f06")
    expect(stdout).toContain('"creation_date": 1700000000')
    expect(stdout).toMatch(/"id": "64b1f0c2a7d93e5b8c214f10",\s+"provider_type": "local-userpass"[\s\S]+"id": "kim",\s+"provider_type": "custom-token"/)
  })
})

describe("settings", () => {
  test("are those the app is served with: the algorithm of a new key", async () => {
    const [file, other] = [join(folder.path, "settings.json"), join(folder.path, "other.sqlite")]
    writeFileSync(file, JSON.stringify({ tokens: { algorithm: "ES256" } }))
    await whileServed(async () => undefined)
    copyFileSync(data, other)
    const withSettings = (...args: string[]): Promise<Ended> => run(["keys", ...args, "--data", other, "--settings", file])
    expect((await withSettings("rotate", worktracker)).code).toBe(0)
    expect((await withSettings("list", worktracker)).stdout).toMatch(/current {2}ES256/)
    expect(await run(["users", "list", worktracker, "--data", other], { BACKSTITCH_SETTINGS: join(folder.path, "none.json") })).toMatchObject({ code: 1, stderr: expect.stringContaining("Cannot read settings file") })
  })

  test("say where data is, and map data sources, in every command", async () => {
    const file = join(folder.path, "places.json")
    writeFileSync(file, JSON.stringify({ mongodb: "mongodb://127.0.0.1:99999" }))
    const explain = ["explain", worktracker, "--user", "{ id: 'a' }", "--collection", "tracker.members", "--doc", "{}"]
    for (const args of [["users", "list", worktracker], ["keys", "list", worktracker], ["indexes", worktracker], explain]) {
      expect(await run([...args, "--settings", file])).toMatchObject({ code: 1, stderr: expect.stringMatching(/^backstitch: [^\n]*(MongoDB|database)[^\n]*\n$/) })
    }
    writeFileSync(file, JSON.stringify({ dataSources: { "not-there": "mongodb://127.0.0.1:1" } }))
    for (const args of [["users", "list", worktracker], ["keys", "list", worktracker], ["indexes", worktracker], explain]) {
      expect(await run([...args, "--data", data, "--settings", file])).toMatchObject({ code: 1, stderr: expect.stringContaining("/dataSources/not-there") })
    }
  })
})

describe("keys", () => {
  test("are listed and rotated without ending anybody's session, and deleted in an emergency", async () => {
    const own = await whileServed((served) => signIn(served, "lea@red.example"))
    const before = await keys("list")
    expect([before.code, before.stdout.split("\n").map((line) => line.split(/\s+/)[1])]).toEqual([0, ["current", "next", undefined]])
    const next = before.stdout.split("\n")[1]?.split(" ")[0]
    expect(await keys("rotate")).toMatchObject({ code: 0, stdout: `tokens are signed with ${next} from now on\n` })
    await whileServed(async (served) => {
      expect((await served.call("GET", "/auth/profile", { token: own.access_token })).status).toBe(200)
      expect((await served.call("POST", "/auth/session", { token: own.refresh_token })).status).toBe(201)
    })
    expect(await keys("emergency", "no-such-key")).toMatchObject({ code: 1, stderr: "backstitch: Cannot delete key `no-such-key`: there is no such key\n" })
    expect((await keys("emergency")).stdout).toMatch(/^deleted 3 keys; tokens are signed with \S+ from now on\n$/)
    await whileServed(async (served) => {
      expect((await served.call("GET", "/auth/profile", { token: own.access_token })).status).toBe(401)
      expect((await served.call("POST", "/auth/session", { token: own.refresh_token })).status).toBe(401)
      expect((await signIn(served, "lea@red.example")).user_id).toBe(lea.user_id)
    })
  })
})

describe("while a server has the file", () => {
  test("every command is refused in one line, and makes no file of its own", async () => {
    await whileServed(async () => {
      for (const { code, stdout, stderr } of await Promise.all([users("list"), users("revoke", lea.user_id), keys("rotate")])) {
        expect([code, stdout]).toEqual([1, ""])
        expect(stderr).toMatch(/^backstitch: Cannot open the storage file `.*`: [^\n]+\n$/)
      }
    })
    expect(await run(["users", "list", worktracker, "--data", join(folder.path, "none.sqlite")])).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no such file") })
  })
})
