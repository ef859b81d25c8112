// API keys of users and of the app (specification of users, 4.4).
import { hash, randomBytes } from "node:crypto"
import type { Clock, Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { Credentials } from "./accounts.ts"
import type { StateCollection } from "./ports.ts"
import { newHexId } from "./records.ts"

/** Keys below one owner: a user's id, or {@link serverOwner} for the keys of the app. */
export interface ApiKeys {
  /** `{ _id, key, name, disabled }`; the only time the key is seen. */
  create(owner: string, payload: Document): Promise<Document>
  list(owner: string): Promise<Document[]>
  get(owner: string, id: string): Promise<Document>
  setDisabled(owner: string, id: string, disabled: boolean): Promise<void>
  delete(owner: string, id: string): Promise<void>
  deleteAll(owner: string): Promise<void>
  check(payload: Document, providerId: string): Promise<Credentials>
  ensureIndexes(): Promise<void>
}

/** Owner of the app's own keys; no user has this id. */
export const serverOwner = ""
const mostOfUser = 20
const mostOfApp = 100

/** Makes the keys of one app. */
export function createApiKeys({ collection, clock }: { readonly collection: StateCollection; readonly clock: Clock }): ApiKeys {
  async function required(owner: string, id: string): Promise<Document> {
    const found = /^[0-9a-f]{24}$/.test(id) ? await collection.findOne({ _id: id, owner }) : null
    if (found === null) throw notFound()
    return found
  }

  let indexed: Promise<void> | undefined

  /** INVARIANT: no key is made before the index exists that keeps names unique. */
  function ensureIndexes(): Promise<void> {
    indexed ??= (async () => {
      await collection.ensureIndex({ keys: { owner: 1, name: 1 }, unique: true })
      await collection.ensureIndex({ keys: { digest: 1 }, unique: true })
    })().catch((error: unknown) => {
      indexed = undefined
      throw error
    })
    return indexed
  }

  return {
    async create(owner, payload) {
      const name = readName(payload)
      await ensureIndexes()
      const key = randomBytes(48).toString("base64url")
      const id = newHexId(clock())
      const outcome = await collection.insertOne({ _id: id, owner, name, digest: digestOf(key), disabled: false, created: clock() })
      if (outcome === "duplicate") throw new RequestError("APIKeyAlreadyExists", "API key with name already exists")
      // Counted after the insert, so that keys made at the same moment cannot pass the limit together.
      const most = owner === serverOwner ? mostOfApp : mostOfUser
      if ((await collection.find({ owner }, { limit: most + 1 })).length > most) {
        await collection.deleteMany({ _id: id })
        throw new RequestError("InvalidParameter", `at most ${most} API keys are allowed`)
      }
      return { _id: id, key, name, disabled: false }
    },
    async list(owner) {
      return (await collection.find({ owner }, { sort: { _id: 1 } })).map(describe)
    },
    async get(owner, id) {
      return describe(await required(owner, id))
    },
    async setDisabled(owner, id, disabled) {
      await required(owner, id)
      if ((await collection.updateOne({ _id: id, owner }, { $set: { disabled } })) === 0) throw notFound()
    },
    async delete(owner, id) {
      await required(owner, id)
      if ((await collection.deleteMany({ _id: id, owner })) === 0) throw notFound()
    },
    async deleteAll(owner) {
      await collection.deleteMany({ owner })
    },
    async check({ key }, providerId) {
      const found = typeof key === "string" && /^[A-Za-z0-9_-]{64}$/.test(key) ? await collection.findOne({ digest: digestOf(key) }) : null
      if (found === null || found["disabled"] === true) throw new RequestError("AuthError", "unauthorized")
      const [id, owner] = [found["_id"] as string, found["owner"] as string]
      const identity = { id, providerType: "api-key", providerId, data: { name: found["name"] } }
      return owner === serverOwner ? { identity, type: "server" } : { identity, owner }
    },
    ensureIndexes,
  }
}

/** SOURCE: specification 4.4: `_id` is plain text, and no reply but the first holds the key. */
function describe(document: Document): Document {
  return { _id: document["_id"], name: document["name"], disabled: document["disabled"] }
}

function readName({ name }: Document): string {
  if (typeof name !== "string" || name === "") throw new RequestError("InvalidParameter", "'name' is a required string")
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(name)) throw new RequestError("InvalidParameter", "can only contain ASCII letters, numbers, underscores, and hyphens")
  return name
}

function notFound(): RequestError {
  return new RequestError("APIKeyNotFound", "API key not found")
}

/** High entropy, so no slow hash is needed. */
function digestOf(key: string): string {
  return hash("sha256", key, "base64url")
}
