// Calls with long bodies, which are not parsed by the server: they are answered as short ones are, well formed or not.
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { readLongCall } from "../../../server/http/long-call.ts"
import { serveInProcess, type InProcess } from "../../support/in-process.ts"
import { temporaryFolder } from "../../support/serve.ts"

const folder = temporaryFolder()
let served: InProcess
let token: string

beforeAll(async () => {
  const functions: Record<string, [string, object]> = {
    echo: ["exports = (...args) => args.slice(0, 3)", {}],
    lengths: ["exports = (...args) => args.map((each) => each === undefined ? -1 : each.length ?? Object.keys(each).length)", {}],
    identity: ["exports = () => [context.runningAsSystem(), context.user.type]", {}],
    guarded: ["exports = () => 'in'", { can_evaluate: { "%%args.1": "open" } }],
  }
  const files: Record<string, unknown> = {
    "root_config.json": { name: "long", app_id: "long-abcde", config_version: 20210101, deployment_model: "LOCAL" },
    "auth/providers.json": { "anon-user": { name: "anon-user", type: "anon-user", disabled: false } },
    "functions/config.json": Object.entries(functions).map(([name, [, settings]]) => ({ name, private: false, ...settings })),
  }
  for (const [name, [source]] of Object.entries(functions)) files[`functions/${name}.js`] = source
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true })
    writeFileSync(join(folder.path, file), typeof content === "string" ? content : JSON.stringify(content))
  }
  served = await serveInProcess({ directory: folder.path })
  token = ((await (await served.call("POST", "{app}/auth/providers/anon-user/login", { body: {} })).json()) as { access_token: string }).access_token
})
afterAll(async () => {
  await served.close()
  folder.remove()
})

const padding = JSON.stringify("p".repeat(300_000))
const send = async (body: string): Promise<{ status: number; json: unknown }> => {
  const reply = await served.call("POST", "{app}/functions/call", { token, body })
  return { status: reply.status, json: await reply.json() }
}

describe("a call with a long body", () => {
  test("gives its arguments as a short one does, kinds of numbers included", async () => {
    const short = await send('{"name":"echo","arguments":[{"$numberLong":"5"},{"$date":{"$numberLong":"0"}},[1,{"a":"\\u0041"}]]}')
    const long = await send(` {"arguments" : [{"$numberLong":"5"},{"$date":{"$numberLong":"0"}},[1,{"a":"\\u0041"}],${padding}] , "n\\u0061me":"echo"} `)
    expect(long).toEqual(short)
    expect(long.status).toBe(200)
  })

  test.each<[string, string, number, string]>([
    ["no name", `{"arguments":[${padding}]}`, 400, "MissingParameter"],
    ["an unknown function", `{"name":"absent","arguments":[${padding}]}`, 404, "FunctionNotFound"],
    ["arguments that are no list", `{"name":"echo","arguments":{"a":${padding}}}`, 400, "InvalidParameter"],
    ["arguments that are a text", `{"name":"echo","arguments":${padding}}`, 400, "InvalidParameter"],
    ["malformed Extended JSON", `{"name":"echo","arguments":[${padding},{"$oid":"xyz"}]}`, 400, "InvalidParameter"],
    ["nesting beyond the limit", `{"name":"echo","arguments":[${padding},${"[".repeat(300)}${"]".repeat(300)}]}`, 400, "InvalidParameter"],
    ["a list that is no JSON", `{"name":"echo","arguments":[${padding} ${padding}]}`, 400, "InvalidParameter"],
    ["brackets that do not match", `{"name":"echo","arguments":[${padding},{]}`, 400, "BadRequest"],
    ["no end", `{"name":"echo","arguments":[${padding}`, 400, "BadRequest"],
    ["something after its end", `{"name":"echo","arguments":[${padding}]} x`, 400, "BadRequest"],
    ["a list and no object", `[${padding}]`, 400, "BadRequest"],
  ])("%s", async (_, body, status, code) => {
    const reply = await send(body)
    expect([reply.status, (reply.json as { error_code: string }).error_code]).toEqual([status, code])
  })

  test("cannot bring anything beside its arguments", async () => {
    for (const body of [
      `{"name":"identity","arguments":[${padding}],"callerIsSystem":true,"entry":{"system":true}}`,
      `{"name":"identity","arguments":[${padding}}],"callerIsSystem":true,"x":[{]}`,
      `{"name":"identity","arguments":[${padding}],"arguments":[1],"user":{"type":"system"}}`,
    ]) {
      const reply = await send(body)
      if (reply.status === 200) expect(reply.json).toEqual([false, "normal"])
      else expect(reply.json).toMatchObject({ error_code: expect.stringMatching(/^(BadRequest|InvalidParameter)$/) as string })
    }
  })

  test("is asked for `can_evaluate`, also where that looks at its arguments", async () => {
    expect((await send(`{"name":"guarded","arguments":[${padding},"open"]}`)).json).toBe("in")
    expect((await send(`{"name":"guarded","arguments":[${padding},"shut"]}`)).status).toBe(400)
  })

  test("may have 17 MB", async () => {
    expect(await send(JSON.stringify({ name: "lengths", arguments: ["x".repeat(17_000_000), Array.from({ length: 1000 }, () => 1)] }))).toEqual({ status: 200, json: [{ $numberInt: "17000000" }, { $numberInt: "1000" }] })
  })
})

test("any body is read as JSON.parse reads it", async () => {
  const member = fc.tuple(fc.oneof(fc.constantFrom("name", "service", "arguments", "x"), fc.string()), fc.jsonValue())
  await fc.assert(fc.asyncProperty(fc.array(member, { maxLength: 5 }), fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1, "\t"), async (members, args, space) => {
    const object = Object.fromEntries([...members, ["arguments", args]])
    const found = await readLongCall(JSON.stringify(object, undefined, space))
    expect([found.name, found.service, found.arguments?.parse()]).toEqual([object["name"], object["service"], JSON.parse(JSON.stringify(args))])
  }), { numRuns: 500, examples: [[[["name", 'a"\\\\"]}']], ["\\", '"', "]", { "}": "\\\"" }], undefined]] })
})

describe("whatever a long body is made of", () => {
  test.each<[string, string]>([
    ["one text", `{"arguments":["${"x".repeat(4e6)}"]}`],
    ["escaped quotes", `{"arguments":["${'\\"'.repeat(2e6)}"]}`],
    ["a name", `{"${'\\"'.repeat(2e6)}":1}`],
    ["members", `{${'"a":1,'.repeat(600_000)}"a":1}`],
    ["white space", `{"arguments":[1]${" ".repeat(4e6)}}`],
    ["values", `{"arguments":[${"1,".repeat(2e6)}1]}`],
  ])("others have their turns while it is read: %s", async (_, body) => {
    let turns = 0
    let isOver = false
    const count = (): void => {
      turns++
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await readLongCall(body)
    isOver = true
    expect(turns).toBeGreaterThanOrEqual(6)
  })
})
