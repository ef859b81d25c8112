// The users, sessions and triggers of one app over a real store, as one process has them, with a hook before each write of the state.
import type { Document, Value } from "../../../kernel/index.ts"
import type { Store } from "../../../server/data/index.ts"
import { openEmbeddedStore, openMongoStore, openState } from "../../../server/storage/index.ts"
import { createSignIn, createTokenService } from "../../../server/tokens/index.ts"
import { createTriggers } from "../../../server/triggers/index.ts"
import { createCustomData, createUsers, decodeSnapshot, type Letter, type StateCollection } from "../../../server/users/index.ts"
import { stateOf } from "../../conformance/tokens-world.ts"
import { authTrigger, quickSettings } from "../triggers/world.ts"
import { address, cheapPasswords, customDataConfig, domainId, provider } from "../users/app.ts"

/** Where the state is, and which app's; JSON, so that it can be told to another process. */
export interface Place {
  readonly location: { readonly file: string } | { readonly mongodb: string }
  readonly app: string
}

export interface WorldOptions {
  /** Called before each write of users, tokens and the queue. */
  readonly beforeWrite?: () => void
  /** How far the clock is ahead. */
  readonly aheadMs?: number
}

const providers = new Map([
  provider("anon-user"), provider("api-key"),
  provider("local-userpass", { config: { autoConfirm: false, emailConfirmationUrl: "https://app.example/confirm", resetPasswordUrl: "https://app.example/reset" } }),
].map((each) => [each.type, each]))

async function openStore({ location }: Place): Promise<Store & { readonly internal: Store }> {
  return "mongodb" in location ? openMongoStore({ uri: location.mongodb }) : openEmbeddedStore({ file: location.file, durability: "process" })
}

/** Opens what a process has. What functions did is in `effects` and `delivered`, which outlive it. */
export async function openWorld(place: Place, { beforeWrite = () => undefined, aheadMs = 0 }: WorldOptions = {}) {
  const store = await openStore(place)
  const exclusive = !("mongodb" in place.location)
  const database = `data_${place.app}`
  const effects = { database, collection: "effects" }
  const delivered = { database, collection: "delivered" }
  const clock = (): Date => new Date(Date.now() + aheadMs)
  const letters: Letter[] = []
  const plain = openState({ internal: store.internal }, { app: place.app })
  const watched = (name: string): StateCollection => watchWrites(plain(name), beforeWrite)
  const collections = stateOf(watched)
  const log = { warn: () => undefined, info: () => undefined }
  const triggers = createTriggers({
    app: { triggers: [authTrigger("All", ["CREATE", "LOGIN", "DELETE"], ["anon-user", "local-userpass"])] },
    // Of the queue only what puts an event there is a step of a login.
    state: (name) => (name === "trigger_events" ? { ...plain(name), insertOne: watched(name).insertOne } : plain(name)),
    storeFor: () => store, exclusive, log, clock, settings: quickSettings,
    functions: {
      async runWithValues(_name: string, [event]: readonly Value[]) {
        const { operationType, user, providers: used } = event as Document
        await store.insert(delivered, [{ operation: operationType, user: (user as Document)["id"], providers: used }])
        return null
      },
    },
  })
  const users = createUsers({
    collections, domainId, log, clock, exclusive, passwords: cheapPasswords, secret: () => undefined, sessions: () => tokens,
    config: () => ({ clientAppId: place.app, providers, customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" } }),
    functions: {
      async call(_name, [user]) {
        await store.insert(effects, [{ user: (user as Document)["id"] }])
        return null
      },
    },
    mailer: { send: async (letter) => void letters.push(letter) },
    ...(triggers.onEvent === undefined ? {} : { onEvent: triggers.onEvent }),
  })
  const customData = createCustomData({ config: () => undefined, reader: { findFirstInserted: async () => null }, log, clock })
  const tokens = createTokenService({ collections, snapshots: customData, users, domainId, log, clock, stateAgeMs: 0 })
  const signIn = createSignIn({ users, tokens, decode: decodeSnapshot, clock })
  await users.open()
  // Made ahead of what is counted.
  await tokens.keys.current()
  return {
    users, tokens, signIn, letters, collections,
    logIn: (name: string, payload: Document = {}) => signIn.logIn(name, payload, { address }),
    effectsOf: (user: string) => store.count(effects, { user }),
    /** How often an event was delivered, when all that is queued has been. */
    async deliveries(operation: string, user: string, used?: string): Promise<number> {
      await triggers.start()
      for (let tries = 0; tries < 400 && (await plain("trigger_events").findOne({ user })) !== null; tries++) await new Promise((done) => setTimeout(done, 10))
      return store.count(delivered, { operation, user, ...(used === undefined ? {} : { providers: used }) })
    },
    async close() {
      await triggers.close()
      await tokens.close()
      await store.close()
    },
  }
}

export type CrashWorld = Awaited<ReturnType<typeof openWorld>>

function watchWrites(inner: StateCollection, beforeWrite: () => void): StateCollection {
  const watched = <Args extends unknown[], Result>(write: (...args: Args) => Promise<Result>) => (...args: Args): Promise<Result> => {
    beforeWrite()
    return write(...args)
  }
  return { ...inner, insertOne: watched(inner.insertOne), updateOne: watched(inner.updateOne), deleteMany: watched(inner.deleteMany) }
}
