// What both Stitch SDKs must be able to do, told once; each test file brings its SDK and the way to a fresh client.
import { expect, test } from "vitest"
import { password, type ClientsServed } from "../clients-app.ts"

interface Credential { readonly providerName: string }
export interface StitchUser {
  readonly id: string
  readonly isLoggedIn: boolean
  readonly profile: { readonly email?: string; readonly name?: string }
  readonly identities: readonly { readonly id: string; readonly providerType: string }[]
  readonly customData: Record<string, unknown>
  readonly loggedInProviderType: string
  linkWithCredential(credential: Credential): Promise<StitchUser>
}
interface Keys {
  createApiKey(name: string): Promise<ApiKey>
  fetchApiKey(id: unknown): Promise<ApiKey>
  fetchApiKeys(): Promise<ApiKey[]>
  deleteApiKey(id: unknown): Promise<void>
  enableApiKey(id: unknown): Promise<void>
  disableApiKey(id: unknown): Promise<void>
}
interface ApiKey { readonly id: { toString(): string }; readonly key?: string; readonly name: string; readonly disabled: boolean }
interface Passwords {
  registerWithEmail(email: string, secret: string): Promise<void>
  confirmUser(token: string, tokenId: string): Promise<void>
  callResetPasswordFunction(email: string, secret: string, args: unknown[]): Promise<void>
}
interface Read<Item> { toArray(): Promise<Item[]>; first(): Promise<Item | undefined>; iterator(): Promise<Iterator<Item>> }
interface Stream<Item> { next(): Promise<Item>; onNext(callback: (item: Item) => void): void; onError(callback: (error: Error) => void): void; close(): void; isOpen(): boolean }
type Doc = Record<string, unknown>
interface Collection {
  readonly namespace: string
  count(query?: Doc, options?: Doc): Promise<number>
  find(query?: Doc, options?: Doc): Read<Doc>
  findOne(query?: Doc, options?: Doc): Promise<Doc | null>
  findOneAndUpdate(query: Doc, update: Doc, options?: Doc): Promise<Doc | null>
  findOneAndReplace(query: Doc, replacement: Doc, options?: Doc): Promise<Doc | null>
  findOneAndDelete(query: Doc, options?: Doc): Promise<Doc | null>
  aggregate(pipeline: Doc[]): Read<Doc>
  insertOne(document: Doc): Promise<{ insertedId: unknown }>
  insertMany(documents: Doc[]): Promise<{ insertedIds: unknown }>
  deleteOne(query: Doc): Promise<{ deletedCount: number }>
  deleteMany(query: Doc): Promise<{ deletedCount: number }>
  updateOne(query: Doc, update: Doc, options?: Doc): Promise<{ matchedCount: number; modifiedCount: number; upsertedId?: unknown }>
  updateMany(query: Doc, update: Doc, options?: Doc): Promise<{ matchedCount: number; modifiedCount: number; upsertedId?: unknown }>
  watch(argument?: unknown): Promise<Stream<Doc>>
  watchCompact(ids: unknown[]): Promise<Stream<Doc>>
}
export interface StitchClient {
  readonly auth: {
    readonly isLoggedIn: boolean
    readonly user?: StitchUser
    listUsers(): StitchUser[]
    switchToUserWithId(id: string): StitchUser
    getProviderClient(factory: unknown): unknown
    loginWithCredential(credential: Credential): Promise<StitchUser>
    logout(): Promise<void>
    removeUser(): Promise<void>
    refreshCustomData(): Promise<void>
  }
  getServiceClient(factory: unknown, name: string): { db(name: string): { collection(name: string): Collection } }
  callFunction(name: string, args: unknown[]): Promise<unknown>
}
interface CredentialClass { new (...args: never[]): Credential }

/** The exports of both SDKs, as far as they are used here. */
export interface StitchSdk {
  readonly AnonymousCredential: CredentialClass
  readonly UserPasswordCredential: CredentialClass
  readonly UserApiKeyCredential: CredentialClass
  readonly CustomCredential: CredentialClass
  readonly FunctionCredential: CredentialClass
  readonly UserApiKeyAuthProviderClient: { readonly factory: unknown }
  readonly UserPasswordAuthProviderClient: { readonly factory: unknown }
  readonly RemoteMongoClient: { readonly factory: unknown }
  readonly BSON: { readonly ObjectId: new (text?: string) => { toString(): string } }
}

export interface StitchWorld {
  readonly sdk: StitchSdk
  served(): ClientsServed
  /** A client with a storage of its own. */
  client(served?: ClientsServed): StitchClient
  jwt(): Promise<string>
}

/** Defines the tests of one SDK. */
export function stitchStories({ sdk, served, client, jwt }: StitchWorld): void {
  const make = (kind: CredentialClass, ...args: unknown[]): Credential => new kind(...(args as never[]))
  const guest = (): Credential => make(sdk.AnonymousCredential)
  const byEmail = (email: string, secret = password): Credential => make(sdk.UserPasswordCredential, email, secret)
  const passwords = (app: StitchClient): Passwords => app.auth.getProviderClient(sdk.UserPasswordAuthProviderClient.factory) as Passwords
  const notes = (app: StitchClient): Collection => app.getServiceClient(sdk.RemoteMongoClient.factory, "mongodb-atlas").db("clients").collection("notes")
  const failure = async (work: Promise<unknown>): Promise<{ code: unknown; text: string }> => {
    const error = (await work.then(() => undefined, (thrown: unknown) => thrown)) as { errorCode?: unknown; message: string; name: string }
    expect(error).toBeDefined()
    return { code: error.errorCode, text: error.message }
  }

  test("logs in with every credential but OAuth, keeps and switches users, logs out", async () => {
    const app = client()
    const anonymous = await app.auth.loginWithCredential(guest())
    expect([anonymous.isLoggedIn, anonymous.loggedInProviderType]).toEqual([true, "anon-user"])
    expect((await app.auth.loginWithCredential(guest())).id).toBe(anonymous.id)
    const email = `stitch-${anonymous.id}@mail.example`
    await passwords(app).registerWithEmail(email, password)
    const known = await app.auth.loginWithCredential(byEmail(email))
    expect([known.profile.email, known.identities.map(({ providerType }) => providerType)]).toEqual([email, ["local-userpass"]])
    const custom = await app.auth.loginWithCredential(make(sdk.CustomCredential, await jwt()))
    expect(custom.profile.email).toBe("kim@corp.example")
    const own = await app.auth.loginWithCredential(make(sdk.FunctionCredential, { account: email, word: "sesame", label: "Own" }))
    expect([own.profile.name, own.identities[0]?.id]).toEqual(["Own", email])
    expect(new Set(app.auth.listUsers().map(({ id }) => id))).toEqual(new Set([anonymous.id, known.id, custom.id, own.id]))
    app.auth.switchToUserWithId(known.id)
    expect(await app.callFunction("whoAmI", [])).toMatchObject({ id: known.id })
    await app.auth.logout()
    expect(app.auth.isLoggedIn).toBe(false)
    app.auth.switchToUserWithId(own.id)
    await app.auth.removeUser()
    expect(app.auth.listUsers().map(({ id }) => id)).not.toContain(own.id)
  })

  test("reads the code and text of errors, so the content type is exact", async () => {
    const app = client()
    const wrong = await failure(app.auth.loginWithCredential(byEmail("nobody@mail.example")))
    expect([wrong.text, typeof wrong.code]).toEqual(["unauthorized", "number"])
    const { id } = await app.auth.loginWithCredential(guest())
    await passwords(app).registerWithEmail(`twice-${id}@mail.example`, password)
    expect(await failure(passwords(app).registerWithEmail(`twice-${id}@mail.example`, password))).toMatchObject({ text: "name already in use", code: expect.any(Number) })
    expect(await failure(app.callFunction("notThere", []))).toMatchObject({ text: "function not found: 'notThere'" })
    expect(await failure(passwords(app).confirmUser("0".repeat(10), "0".repeat(24)))).toMatchObject({ text: "userpass token is expired or invalid" })
  })

  test("links identities, and a refusal is an error once", async () => {
    const app = client()
    const anonymous = await app.auth.loginWithCredential(guest())
    const email = `link-${anonymous.id}@mail.example`
    await passwords(app).registerWithEmail(email, password)
    const linked = await anonymous.linkWithCredential(byEmail(email))
    expect([linked.id, linked.identities.map(({ providerType }) => providerType)]).toEqual([anonymous.id, ["anon-user", "local-userpass"]])
    expect(await failure(linked.linkWithCredential(byEmail(email, "wrong password")))).toMatchObject({ text: "invalid username/password" })
    const other = await client().auth.loginWithCredential(guest())
    expect(await failure(other.linkWithCredential(byEmail(email)))).toMatchObject({ text: "invalid user link request" })
  })

  test("resets a password by the function", async () => {
    const app = client()
    const { id } = await app.auth.loginWithCredential(guest())
    const email = `reset-${id}@mail.example`
    await passwords(app).registerWithEmail(email, password)
    await passwords(app).callResetPasswordFunction(email, "a new password", ["at once", 1])
    expect((await app.auth.loginWithCredential(byEmail(email, "a new password"))).isLoggedIn).toBe(true)
  })

  test("has custom data, undecoded, and refreshes it", async () => {
    const app = client()
    const user = await app.auth.loginWithCredential(guest())
    expect(user.customData).toEqual({})
    await app.callFunction("setCustomData", [{ level: 4, at: new Date(5) }])
    expect(app.auth.user?.customData).toEqual({})
    await app.auth.refreshCustomData()
    expect(app.auth.user?.customData).toMatchObject({ user_id: user.id, level: { $numberInt: "4" }, at: { $date: { $numberLong: "5" } } })
  })

  test("calls functions with values of many kinds", async () => {
    const app = client()
    await app.auth.loginWithCredential(guest())
    const id = new sdk.BSON.ObjectId("64b1f0c2a7d93e5b8c214f06")
    const [number, half, text, nothing, date, back] = (await app.callFunction("echo", [1, 2.5, "100%", null, new Date(7), id])) as unknown[]
    expect([number, half, text, nothing, date, String(back)]).toEqual([1, 2.5, "100%", null, new Date(7), String(id)])
    expect(await failure(app.callFunction("fail", ["no luck"]))).toMatchObject({ text: expect.stringContaining("no luck") })
  })

  test("refreshes an expired access token once and repeats the call", async () => {
    const app = client()
    await app.auth.loginWithCredential(guest())
    served().advance(1806)
    expect(await app.callFunction("sum", [1, 2])).toBe(3)
  })

  test("works with collections under rules", async () => {
    const app = client()
    const { id: owner } = await app.auth.loginWithCredential(guest())
    const all = notes(app)
    expect(all.namespace).toBe("clients.notes")
    expect(await all.insertOne({ owner, text: "a", n: 1 })).toMatchObject({ insertedId: expect.anything() })
    const many = await all.insertMany([{ _id: `${owner}-b`, owner, text: "b", n: 2 }, { owner, text: "c", n: 3 }])
    expect(many.insertedIds).toMatchObject({ 0: `${owner}-b`, 1: expect.anything() })
    expect(await all.count()).toBe(3)
    expect(await all.count({ n: { $gt: 1 } }, { limit: 1 })).toBe(1)
    expect((await all.find({ n: { $gt: 1 } }, { sort: { n: -1 }, limit: 1, projection: { n: 1, _id: 0 } }).toArray())).toEqual([{ n: 3 }])
    expect(await all.find({ n: 1 }).first()).toMatchObject({ text: "a" })
    expect([await all.findOne({ text: "b" }), await all.findOne({ text: "z" })]).toMatchObject([{ n: 2 }, null])
    expect(await all.aggregate([{ $match: { n: 2 } }, { $project: { _id: 0, n: 1 } }]).toArray()).toEqual([{ n: 2 }])
    expect(await all.updateOne({ text: "a" }, { $set: { n: 10 } })).toMatchObject({ matchedCount: 1, modifiedCount: 1 })
    // Counted as written, although nothing changes: what the tests of these SDKs expect.
    expect(await all.updateMany({}, { $set: { owner } })).toMatchObject({ matchedCount: 3, modifiedCount: 3 })
    expect((await all.updateOne({ owner, text: "new" }, { $set: { n: 7 } }, { upsert: true })).upsertedId).toBeDefined()
    expect(await all.findOneAndUpdate({ text: "a" }, { $set: { n: 11 } }, { returnNewDocument: true })).toMatchObject({ n: 11 })
    expect(await all.findOneAndReplace({ text: "b" }, { owner, text: "B" }, { returnNewDocument: true })).toMatchObject({ text: "B" })
    expect(await all.findOneAndDelete({ text: "B" })).toMatchObject({ text: "B" })
    expect(await all.deleteOne({ text: "a" })).toEqual({ deletedCount: 1 })
    expect(await all.deleteMany({})).toEqual({ deletedCount: 2 })
    expect(await failure(all.insertOne({ owner: "somebody else", text: "x" }))).toMatchObject({ text: "insert not permitted" })
  })

  test("makes, lists, switches and deletes API keys, and logs in with one", async () => {
    const app = client()
    const { id } = await app.auth.loginWithCredential(guest())
    const email = `keys-${id}@mail.example`
    await passwords(app).registerWithEmail(email, password)
    const user = await app.auth.loginWithCredential(byEmail(email))
    const keys = app.auth.getProviderClient(sdk.UserApiKeyAuthProviderClient.factory) as Keys
    const made = await keys.createApiKey("laptop")
    expect(made).toMatchObject({ name: "laptop", disabled: false, key: expect.stringMatching(/^.{64}$/) })
    expect((await client().auth.loginWithCredential(make(sdk.UserApiKeyCredential, made.key))).id).toBe(user.id)
    await keys.disableApiKey(made.id)
    expect((await keys.fetchApiKey(made.id)).disabled).toBe(true)
    expect(await failure(client().auth.loginWithCredential(make(sdk.UserApiKeyCredential, made.key)))).toMatchObject({ text: "unauthorized" })
    await keys.enableApiKey(made.id)
    expect((await keys.fetchApiKeys()).map(({ name, disabled }) => [name, disabled])).toEqual([["laptop", false]])
    await keys.deleteApiKey(made.id)
    expect(await keys.fetchApiKeys()).toEqual([])
    expect(await failure(keys.fetchApiKey(made.id))).toMatchObject({ text: "API key not found" })
  })

  test("watches a collection, documents by id, and compact events", async () => {
    const app = client()
    const { id: owner } = await app.auth.loginWithCredential(guest())
    const all = notes(app)
    const [whole, byId, compact] = [await all.watch(), await all.watch([`${owner}-2`]), await all.watchCompact([`${owner}-1`])]
    // Listened to before the write: an event that arrives while nobody listens is dropped by these SDKs.
    const inserted = [whole.next(), compact.next()]
    await all.insertOne({ _id: `${owner}-1`, owner, text: "50% of %0A" })
    for (const event of await Promise.all(inserted)) expect(event).toMatchObject({ operationType: "insert", documentKey: { _id: `${owner}-1` }, fullDocument: { text: "50% of %0A" } })
    const updated = [whole.next(), compact.next()]
    await all.updateOne({ _id: `${owner}-1` }, { $set: { n: 1 } })
    for (const event of await Promise.all(updated)) expect(event).toMatchObject({ operationType: "update", updateDescription: { updatedFields: { n: 1 } } })
    const second = byId.next()
    await all.insertOne({ _id: `${owner}-2`, owner, text: "second" })
    expect(await second).toMatchObject({ operationType: "insert", documentKey: { _id: `${owner}-2` } })
    for (const stream of [whole, byId, compact]) {
      stream.close()
      expect(stream.isOpen()).toBe(false)
    }
  })

  test("watching what may not be read is an error", async () => {
    const app = client()
    await app.auth.loginWithCredential(guest())
    const letters = app.getServiceClient(sdk.RemoteMongoClient.factory, "mongodb-atlas").db("clients").collection("letters")
    expect(await failure(letters.watch())).toMatchObject({ text: "no rule exists for namespace 'clients.letters'" })
  })

  test("watching with a filter that no database understands is an error at once", async () => {
    const app = client()
    await app.auth.loginWithCredential(guest())
    expect(await failure(notes(app).watch({ $foo: 1 }))).toMatchObject({ text: "unknown top level operator: $foo" })
  })
}
