// A served app and its users, over HTTP: what a test of rules needs. Everything a user does goes through a socket.
import { resolve } from "node:path"
import { fromEjson, isDocument, parseEjson, toEjson, type Document, type Value } from "../../../kernel/index.ts"
import type { DataLocation, ServerSettings } from "../../../server/index.ts"
import { serveInProcess, signIn } from "../../support/in-process.ts"

export const regressionsApp = resolve(import.meta.dirname, "../../../fixtures/apps/regressions")

export interface Answer { readonly status: number; readonly value: Value }

/** An ordinary user with a token. */
export interface Person {
  readonly id: string
  /** One service action on a collection; the answer whatever its status. */
  call(collection: string, action: string, argument?: Document, service?: string): Promise<Answer>
  /** The same, of an action that must succeed. */
  value(collection: string, action: string, argument?: Document, service?: string): Promise<Value>
  run(name: string, ...args: Value[]): Promise<Answer>
  /** Opens a watch stream; events come to the list until it is closed. */
  watch(collection: string, argument?: Document): Promise<Stream>
}

/** An open stream, or the refusal of one: then `refusal` is the body of the answer. */
export interface Stream { readonly status: number; readonly refusal: Value; readonly events: Document[]; close(): Promise<void> }

export interface RulesWorld {
  /** Registers a user, gives him custom data, and logs him in so that it is in his token. */
  person(customData?: Document): Promise<Person>
  /** Empties a collection and fills it, as the system user. */
  seed(collection: string, documents: readonly Document[]): Promise<void>
  /** Calls a method of a collection as the system user. */
  system(collection: string, method: string, ...args: Value[]): Promise<Value>
  stored(collection: string): Promise<Value>
  /** What the server logged, as text. */
  readonly logged: readonly string[]
  close(): Promise<void>
}

export async function openRulesWorld(data: DataLocation, directory = regressionsApp, settings: ServerSettings = {}): Promise<RulesWorld> {
  const served = await serveInProcess({ directory, data, settings })
  const stamp = `${process.pid}-${Date.now()}`
  let people = 0

  const post = async (token: string, body: unknown): Promise<Answer> => {
    const reply = await served.call("POST", "{app}/functions/call", { token, body })
    return { status: reply.status, value: parseEjson(await reply.text()) }
  }
  const signedIn = async (email: string): Promise<Person> => {
    const { access_token: token, user_id: id } = await signIn(served, email)
    const call: Person["call"] = (collection, action, argument = {}, service = "mongodb-atlas") => post(token, { service, name: action, arguments: [toEjson({ database: "app", collection, ...argument })] })
    return {
      id, call,
      async value(...args) {
        const { status, value } = await call(...args)
        if (status !== 200) throw new Error(`${args[1]} on ${args[0]} answered ${status}: ${JSON.stringify(value)}`)
        return value
      },
      run: (name, ...args) => post(token, { name, arguments: args.map((each) => toEjson(each)) }),
      watch: (collection, argument = {}) => openStream(served.url, served.server.clientAppId, token, { database: "app", collection, ...argument }),
    }
  }
  const root = await signedIn(`root-${stamp}@example.com`)
  const system: RulesWorld["system"] = async (collection, method, ...args) => {
    const { status, value } = await root.run("asSystem", collection, method, ...args)
    if (status !== 200) throw new Error(`${method} as system answered ${status}: ${JSON.stringify(value)}`)
    return value
  }
  return {
    logged: served.logged,
    system,
    async person(customData) {
      const email = `person-${(people += 1)}-${stamp}@example.com`
      const first = await signedIn(email)
      if (customData === undefined) return first
      await system("people", "insertOne", { ...customData, user_id: first.id })
      return signedIn(email)
    },
    async seed(collection, documents) {
      await system(collection, "deleteMany", {})
      if (documents.length > 0) await system(collection, "insertMany", [...documents])
    },
    stored: (collection) => system(collection, "find", {}),
    close: () => served.close(),
  }
}

async function openStream(url: string, appId: string, token: string, argument: Document): ReturnType<Person["watch"]> {
  const request = Buffer.from(JSON.stringify({ service: "mongodb-atlas", name: "watch", arguments: [toEjson(argument)] })).toString("base64")
  const stop = new AbortController()
  const reply = await fetch(`${url}/api/client/v2.0/app/${appId}/functions/call?baas_request=${encodeURIComponent(request)}`, { headers: { authorization: `Bearer ${token}` }, signal: stop.signal })
  const events: Document[] = []
  if (reply.status !== 200) return { status: reply.status, refusal: parseEjson(await reply.text()), events, close: () => Promise.resolve() }
  const reading = readEvents(reply, events).catch(() => undefined)
  return {
    status: reply.status, refusal: null, events,
    async close() {
      stop.abort()
      await reading
    },
  }
}

async function readEvents(reply: Response, events: Document[]): Promise<void> {
  let text = ""
  const decoder = new TextDecoder()
  for await (const chunk of reply.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const line = text.slice(0, end).split("\n").find((each) => each.startsWith("data: "))
      text = text.slice(end + 2)
      const event = line === undefined ? undefined : fromEjson(JSON.parse(line.slice(6).replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%")))
      if (isDocument(event)) events.push(event)
    }
  }
}

/** Waits until something is so; fails with what was there otherwise. */
export async function until(isSo: () => boolean, what: () => unknown): Promise<void> {
  for (const end = Date.now() + 10_000; !isSo(); ) {
    if (Date.now() > end) throw new Error(`still waiting: ${JSON.stringify(what())}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}
