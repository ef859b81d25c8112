// The main job as one story, told by an unmodified realm-web against a served worktracker.
import * as Realm from "realm-web"
import { expect } from "vitest"

const password = "a long password"

/** realm-web keeps its users in a storage of the process; each client of a test is an app object of its own. */
export function client(appId: string, url: string): Realm.App {
  return new Realm.App({ id: appId, baseUrl: url, skipLocationRequest: false })
}

export async function signUp(app: Realm.App, email: string): Promise<Realm.User> {
  await app.emailPasswordAuth.registerUser({ email, password })
  return app.logIn(Realm.Credentials.emailPassword(email, password))
}

export function logIn(app: Realm.App, email: string): Promise<Realm.User> {
  return app.logIn(Realm.Credentials.emailPassword(email, password))
}

export interface Task extends globalThis.Realm.Services.MongoDB.Document<Realm.BSON.ObjectId> { title: string; team: string; status: string; budget?: number; priority?: number; createdBy?: string; createdAt?: Date }

export function tasksOf(user: Realm.User) {
  return user.mongoClient("mongodb-atlas").db("tracker").collection<Task>("tasks")
}

/** What an SDK throws, as far as the server decided it. */
export async function refusal(work: Promise<unknown>): Promise<{ status: number; code: string | undefined; text: string | undefined }> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Realm.MongoDBRealmError)
  const { statusCode, errorCode, error: text } = error as Realm.MongoDBRealmError
  return { status: statusCode, code: errorCode, text }
}

/** Registers, logs in, reads custom data, calls functions, works with collections, sees staleness and freshness, logs out. */
export async function tellStory(appId: string, url: string): Promise<void> {
  const [leaApp, maxApp, guestApp] = [client(appId, url), client(appId, url), client(appId, url)]

  // Custom user data is in the first token: the creation function inserted it before the account existed.
  const lea = await signUp(leaApp, "lea@red.example")
  expect(lea.customData).toMatchObject({ user_id: lea.id, role: "lead", team: "red", displayName: "lea" })
  expect(typeof lea.customData["_id"]).toBe("string")
  const max = await signUp(maxApp, "max@red.example")
  expect(max.customData).toMatchObject({ role: "member", team: "red" })
  expect(max.profile.email).toBe("max@red.example")

  // The creation function vetoes: there is no account, also not at a second attempt.
  await maxApp.emailPasswordAuth.registerUser({ email: "eve@spam.example", password })
  expect(await refusal(logIn(client(appId, url), "eve@spam.example"))).toMatchObject({ status: 400, code: "FunctionExecutionError", text: expect.stringContaining("not welcome") })
  expect(await refusal(logIn(client(appId, url), "eve@spam.example"))).toMatchObject({ status: 400, code: "FunctionExecutionError" })

  // Functions read the token's copy, call each other, and touch data under their caller's rules.
  expect(await max.functions["whoAmI"]?.()).toMatchObject({ id: max.id, type: "normal", email: "max@red.example", role: "member", team: "red", isLead: false })
  const first = (await max.functions["createTask"]?.({ title: "write the report", priority: 2 })) as Realm.BSON.ObjectId
  await lea.functions["createTask"]?.({ title: "plan the year", budget: 900 })
  expect(await refusal(max.callFunction("createTask", {}))).toMatchObject({ status: 400, code: "FunctionExecutionError", text: "Error: a task needs a title" })
  expect(await refusal(max.callFunction("noSuchFunction"))).toMatchObject({ status: 404, code: "FunctionNotFound", text: "function not found: 'noSuchFunction'" })
  expect(await refusal(max.callFunction("isTeamLead", "red"))).toMatchObject({ status: 403, code: "NotCallable" })

  // Reads leave out what the role may not see; writes that are not allowed answer the documented error.
  const tasks = tasksOf(max)
  expect((await tasks.find({}, { sort: { title: 1 } })).map(({ title, budget }) => ({ title, budget }))).toEqual([{ title: "plan the year", budget: undefined }, { title: "write the report", budget: undefined }])
  expect(await tasksOf(lea).findOne({ title: "plan the year" })).toMatchObject({ budget: 900 })
  expect(await tasks.count()).toBe(2)
  expect(await tasks.updateOne({ _id: first }, { $set: { status: "doing" } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  expect(await refusal(tasks.updateOne({ _id: first }, { $set: { budget: 5 } }))).toMatchObject({ status: 400, code: "NoMatchingRuleFound", text: "update not permitted" })
  expect(await refusal(tasks.updateOne({ title: "plan the year" }, { $set: { title: "mine" } }))).toMatchObject({ status: 400, text: "update not permitted" })
  expect(await refusal(tasks.insertOne({ title: "theirs", team: "blue", status: "open", createdBy: max.id, createdAt: new Date() }))).toMatchObject({ status: 400, text: "insert not permitted" })
  expect(await refusal(tasks.insertOne({ title: "", team: "red", status: "open", createdBy: max.id, createdAt: new Date() }))).toMatchObject({ status: 400, code: "SchemaValidationFailedWrite" })
  expect(await refusal(tasks.deleteOne({ title: "plan the year" }))).toMatchObject({ status: 400, text: "delete not permitted" })
  const inserted = await tasks.insertOne({ title: "short lived", team: "red", status: "open", createdBy: max.id, createdAt: new Date() })
  expect(await tasks.findOneAndUpdate({ _id: inserted.insertedId }, { $set: { priority: 5 } }, { returnNewDocument: true })).toMatchObject({ title: "short lived", priority: 5 })
  expect(await tasks.deleteOne({ _id: inserted.insertedId })).toEqual({ deletedCount: 1 })
  expect(await max.functions["closeTask"]?.(first, "done at last")).toBe(true)
  expect(await max.mongoClient("mongodb-atlas").db("tracker").collection("comments").find()).toMatchObject([{ text: "done at last", author: max.id }])
  expect(await refusal(max.mongoClient("mongodb-atlas").db("tracker").collection("secrets").find())).toMatchObject({ status: 403, code: "NoMatchingRuleFound", text: "no rule exists for namespace 'tracker.secrets'" })

  // The copy in the token is a snapshot: a change shows after a refresh and not before, in the token, in functions and in rules alike.
  expect(await lea.functions["setRole"]?.(max.id, "lead")).toBe(true)
  expect(max.customData["role"]).toBe("member")
  expect(await max.functions["whoAmI"]?.()).toMatchObject({ role: "member", isLead: false })
  expect(await tasks.findOne({ title: "plan the year" })).not.toHaveProperty("budget")
  expect(await max.refreshCustomData()).toMatchObject({ role: "lead" })
  expect(max.customData["role"]).toBe("lead")
  expect(await max.functions["whoAmI"]?.()).toMatchObject({ role: "lead", isLead: true })
  expect(await tasks.findOne({ title: "plan the year" })).toMatchObject({ budget: 900 })

  // A token that is no longer good is refreshed by the SDK on its own, also by two calls at once.
  Object.assign(max, { accessToken: `${max.accessToken?.slice(0, -2)}xx` })
  const spoilt = max.accessToken
  expect(await Promise.all([max.functions["whoAmI"]?.(), tasks.count()])).toMatchObject([{ role: "lead" }, 2])
  expect(max.accessToken).not.toBe(spoilt)

  // A guest sees the names of teams and nothing else.
  const guest = await guestApp.logIn(Realm.Credentials.anonymous(false))
  expect(guest.customData).toMatchObject({ role: "guest" })
  expect(await tasksOf(guest).find()).toEqual([])

  await max.logOut()
  expect(max.isLoggedIn).toBe(false)
  const again = await logIn(client(appId, url), "max@red.example")
  expect(again.id).toBe(max.id)
  expect(again.customData["role"]).toBe("lead")
}
