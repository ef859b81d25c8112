// An unmodified realm-web 2.0.1, and what its tests share.
import * as Realm from "realm-web"
import { expect } from "vitest"
import { password, type ClientsServed } from "../clients-app.ts"

export interface Note extends globalThis.Realm.Services.MongoDB.Document<Realm.BSON.ObjectId | string> { owner: string; text: string; n?: number; shared?: boolean; internal?: string }

/** One request as the SDK sent it, and the status of the reply. */
export interface Traced { readonly line: string; readonly token: string | undefined; readonly body: unknown }

interface Sent { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string }

export interface Client {
  readonly app: Realm.App
  readonly requests: Traced[]
  /** `METHOD path status` of each request since the last look. */
  lines(): string[]
}

/** What the SDK asks of a storage. */
export interface ClientStorage {
  get(key: string): string | null
  set(key: string, value: string): void
  remove(key: string): void
  prefix(part: string): ClientStorage
  clear(): void
  addListener(): void
  removeListener(): void
}

/** An app object with a storage of its own, as another browser has it. Its requests are the SDK's; they are only noted. */
export function client({ url, appId }: Pick<ClientsServed, "url" | "appId">, storage = memory()): Client {
  const requests: Traced[] = []
  const traced = async (address: string, sent: Sent = {}): Promise<Response> => {
    const reply = await fetch(address, sent)
    const { pathname, search } = new URL(address)
    const token = Object.entries(sent.headers ?? {}).find(([name]) => name.toLowerCase() === "authorization")?.[1].replace("Bearer ", "")
    requests.push({ line: `${sent.method ?? "GET"} ${pathname.replace("/api/client/v2.0", "")}${search} ${reply.status}`, token, body: typeof sent.body === "string" ? (JSON.parse(sent.body) as unknown) : undefined })
    return reply
  }
  const configuration = { id: appId, baseUrl: url, storage, fetch: traced }
  return { app: new Realm.App(configuration as unknown as globalThis.Realm.AppConfiguration), requests, lines: () => requests.splice(0).map(({ line }) => line) }
}

/** The SDK's own kind of storage, for one client alone. */
export function memory(prefix = "", kept = new Map<string, string>()): ClientStorage {
  return {
    get: (key: string) => kept.get(prefix + key) ?? null,
    set: (key: string, value: string) => void kept.set(prefix + key, value),
    remove: (key: string) => void kept.delete(prefix + key),
    prefix: (part: string) => memory(`${prefix}${part}:`, kept),
    clear: () => kept.clear(),
    addListener: () => undefined,
    removeListener: () => undefined,
  }
}

/** Registers and logs in by e-mail. */
export async function join(app: Realm.App, email: string): Promise<Realm.User> {
  await app.emailPasswordAuth.registerUser({ email, password })
  return app.logIn(Realm.Credentials.emailPassword(email, password))
}

export function notesOf(user: Realm.User) {
  return user.mongoClient("mongodb-atlas").db("clients").collection<Note>("notes")
}

/** What the SDK throws, as far as the server decided it. */
export async function refusal(work: Promise<unknown> | undefined): Promise<{ status: number; code: string | undefined; text: string | undefined }> {
  const error = await Promise.resolve(work).then(() => undefined, (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Realm.MongoDBRealmError)
  const { statusCode, errorCode, error: text } = error as Realm.MongoDBRealmError
  return { status: statusCode, code: errorCode, text }
}
