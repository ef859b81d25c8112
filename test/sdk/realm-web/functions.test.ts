// realm-web 2.0.1: function calls, what values become on the way, and the shape of what it throws.
import * as Realm from "realm-web"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { serveClients, type ClientsServed } from "../clients-app.ts"
import { client, refusal, type Traced } from "./client.ts"

const { BSON } = Realm
let served: ClientsServed
let user: Realm.User
let requests: Traced[]
beforeAll(async () => {
  served = await serveClients()
  const { app, requests: traced } = client(served)
  requests = traced
  user = await app.logIn(Realm.Credentials.anonymous())
})
afterAll(() => served.close())

describe("a function", () => {
  test("is called in three ways, and sent as its name and arguments", async () => {
    requests.length = 0
    expect([await user.functions["sum"]?.(1, 2), await user.callFunction("sum", 3, 4), await user.functions.callFunction("sum", 5, 6)]).toEqual([3, 7, 11])
    expect(requests.map(({ body }) => body)).toEqual([[1, 2], [3, 4], [5, 6]].map((pair) => ({ name: "sum", arguments: pair.map((each) => ({ $numberInt: String(each) })) })))
  })

  test("that returns nothing gives null", async () => {
    expect(await user.callFunction("nothing")).toBeNull()
  })

  test("keeps every kind of value both ways", async () => {
    const id = new BSON.ObjectId("64b1f0c2a7d93e5b8c214f06")
    const kinds = [1, 2.5, -1, "s", true, null, new Date(0), new Date(-5), id, [1, [2]], { a: { b: id } }, BSON.Decimal128.fromString("1.50"), new BSON.Binary(Buffer.from([1, 2, 3]), 0), 2 ** 40, "100%", "ünï☃"]
    expect(await user.callFunction("echo", ...kinds)).toEqual(kinds)
  })

  test("sees undefined as null, and NaN and infinities as themselves", async () => {
    expect(await user.callFunction("echo", null, undefined, [undefined], { gone: undefined })).toEqual([null, null, [null], {}])
    expect(await user.callFunction("echo", Number.NaN, Infinity, -Infinity)).toEqual([Number.NaN, Infinity, -Infinity])
  })

  test("gets timestamps and key bounds although this SDK wraps their numbers twice", async () => {
    requests.length = 0
    const [time, least, most] = (await user.callFunction("echo", new BSON.Timestamp({ t: 1, i: 2 } as never), new BSON.MinKey(), new BSON.MaxKey())) as unknown[]
    expect(requests[0]?.body).toMatchObject({ arguments: [{ $timestamp: { t: { $numberInt: "1" }, i: { $numberInt: "2" } } }, { $minKey: { $numberInt: "1" } }, expect.anything()] })
    expect([(time as { toString(): string }).toString(), (least as { _bsontype: string })._bsontype, (most as { _bsontype: string })._bsontype]).toEqual([new BSON.Timestamp({ t: 1, i: 2 } as never).toString(), "MinKey", "MaxKey"])
  })

  test("gets a number beyond 64 bits as a double", async () => {
    expect(await user.callFunction("echo", 2 ** 63)).toEqual([2 ** 63])
  })

  test("may return an object with a field named error", async () => {
    expect(await user.callFunction("returnError")).toEqual({ error: "only a field of this name" })
  })

  test("knows its caller", async () => {
    expect(await user.callFunction("whoAmI")).toEqual({ id: user.id, type: "normal", data: {}, custom_data: {}, providers: ["anon-user"] })
  })
})

describe("errors", () => {
  test("are the SDK's own class, with status, text, code, method, url and message", async () => {
    const error = (await user.callFunction("fail", "no luck").then(() => undefined, (thrown: unknown) => thrown)) as Realm.MongoDBRealmError
    expect(error).toBeInstanceOf(Realm.MongoDBRealmError)
    const { statusCode, statusText, error: text, errorCode, method, url, message } = error
    expect({ statusCode, statusText, errorCode, method, url }).toEqual({ statusCode: 400, statusText: "Bad Request", errorCode: "FunctionExecutionError", method: "POST", url: `${served.url}/api/client/v2.0/app/clients-abcde/functions/call` })
    expect(text).toContain("no luck")
    expect(message).toBe(`Request failed (POST ${url}): ${text} (status 400 Bad Request)`)
  })

  test("of calls that may not be made", async () => {
    expect(await refusal(user.callFunction("notThere"))).toEqual({ status: 404, code: "FunctionNotFound", text: "function not found: 'notThere'" })
    expect(await refusal(user.callFunction("hidden"))).toMatchObject({ status: 403, code: "NotCallable" })
    expect(await refusal(user.callFunction("friends"))).toEqual({ status: 400, code: "FunctionExecutionError", text: 'rule not matched for function "friends"' })
  })

  test("of a spoilt access token are answered by one refresh", async () => {
    requests.length = 0
    Object.assign(user, { accessToken: `${user.accessToken?.slice(0, -3)}xyz` })
    expect(await user.callFunction("sum", 1, 2)).toBe(3)
    expect(requests.map(({ line }) => line)).toEqual(["POST /app/clients-abcde/functions/call 401", "POST /auth/session 201", "POST /app/clients-abcde/functions/call 200"])
  })

  test("of services that are not there name them", async () => {
    const { status, code, text } = await refusal(user.mongoClient("elsewhere").db("a").collection("b").find())
    expect([status, code, text]).toEqual([400, "ServiceNotFound", expect.stringContaining("elsewhere")])
  })
})
