// Signing keys of one app: a list with the states next, current and retired, shared by all processes through the store.
import { randomBytes } from "node:crypto"
import type { CryptoKey, JWK } from "jose"
import { exportJWK } from "jose/key/export"
import { generateKeyPair } from "jose/key/generate/keypair"
import { importJWK } from "jose/key/import"
import { InternalError, type Clock, type Document } from "../../kernel/index.ts"
import type { StateCollection, UserLog } from "../users/index.ts"

/** HS256 keeps verification to this server; the others let any service verify with the published keys. */
export type TokenAlgorithm = "HS256" | "ES256" | "EdDSA"
export type KeyState = "next" | "current" | "retired"

/** A key ready for use. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  readonly state: KeyState
  readonly created: Date
  readonly retired: Date | undefined
  readonly signWith: CryptoKey
  readonly verifyWith: CryptoKey
  /** For JWKS; undefined for a shared secret. */
  readonly publicJwk: JWK | undefined
}

/** What an administrator may see of a key. */
export interface KeyDescription {
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  readonly state: KeyState
  readonly created: Date
  readonly retired: Date | undefined
}

export interface KeyRing {
  /** The key to sign with; makes the app's first keys. */
  current(): Promise<SigningKey>
  /** The key of that id, also one another process made a moment ago. */
  find(kid: string): Promise<SigningKey | undefined>
  /** Next becomes current, current becomes retired, and a new next is made. */
  rotate(): Promise<void>
  /** Emergency: whatever was signed with the key stops working. False if there is none. */
  remove(kid: string): Promise<boolean>
  list(): Promise<KeyDescription[]>
  /** The public keys that may meet a live access token. Empty for HS256. */
  jwks(): Promise<{ keys: JWK[] }>
  /** Deletes keys retired longer ago than the given seconds. */
  sweep(seconds: number): Promise<void>
}

/** How long a key that another process deleted may still be known to this one. */
const reloadMs = 5000
const unknownKeyReloadMs = 1000
const attempts = 5

interface Loaded { readonly key: SigningKey; readonly generation: number }

/** Makes the ring over one collection. */
export function createKeyRing({ keys, algorithm, clock, log, accessTokenSeconds }: { readonly keys: StateCollection; readonly algorithm: TokenAlgorithm; readonly clock: Clock; readonly log: UserLog; readonly accessTokenSeconds: number }): KeyRing {
  let ring: ReadonlyMap<string, Loaded> | undefined
  let loadedAt = 0
  let missedAt = Number.NEGATIVE_INFINITY
  let making: Promise<SigningKey> | undefined
  let loading: Promise<ReadonlyMap<string, Loaded>> | undefined
  const imported = new Map<string, { signWith: CryptoKey; verifyWith: CryptoKey; publicJwk: JWK | undefined }>()

  async function load(): Promise<ReadonlyMap<string, Loaded>> {
    loading ??= (async () => {
      await keys.ensureIndex({ keys: { generation: 1 }, unique: true })
      const documents = await keys.find({})
      const loaded = await Promise.all(documents.map(async (document) => [document["_id"] as string, await toLoaded(document)] as const))
      ring = new Map(loaded)
      for (const kid of imported.keys()) if (!ring.has(kid)) imported.delete(kid)
      loadedAt = performance.now()
      return ring
    })().finally(() => {
      loading = undefined
    })
    return loading
  }

  async function toLoaded(document: Document): Promise<Loaded> {
    const kid = document["_id"] as string
    const name = document["algorithm"] as TokenAlgorithm
    let material = imported.get(kid)
    if (material === undefined) imported.set(kid, (material = await importKey(document["jwk"] as string, name, kid)))
    const retired = document["retired"]
    const key = { kid, algorithm: name, state: document["state"] as KeyState, created: document["created"] as Date, retired: retired instanceof Date ? retired : undefined, ...material }
    return { key, generation: document["generation"] as number }
  }

  /** The list as this process knows it; brought up to date behind the caller's back once it is old. */
  async function known(): Promise<ReadonlyMap<string, Loaded>> {
    if (ring === undefined) return load()
    if (performance.now() - loadedAt > reloadMs && loading === undefined) {
      load().catch(() => log.warn("signing-keys-unavailable", {}))
    }
    return ring
  }

  async function make(state: KeyState): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (newest(await load(), state) !== undefined) return
      const generation = Math.max(0, ...[...(ring ?? new Map<string, Loaded>()).values()].map((each) => each.generation)) + 1
      const document = { _id: randomBytes(9).toString("base64url"), generation, algorithm, state, jwk: JSON.stringify(await newJwk(algorithm)), created: clock(), retired: null }
      // A duplicate generation means that another process made one at the same moment; its key will do.
      await keys.insertOne(document)
    }
  }

  function newest(from: ReadonlyMap<string, Loaded>, state: KeyState): SigningKey | undefined {
    const fitting = [...from.values()].filter(({ key }) => key.state === state && key.algorithm === algorithm)
    return fitting.toSorted((a, b) => b.generation - a.generation)[0]?.key
  }

  async function retireAllBut(kid: string): Promise<void> {
    for (const { key } of (await load()).values()) {
      if (key.state === "current" && key.kid !== kid) await keys.updateOne({ _id: key.kid, state: "current" }, { $set: { state: "retired", retired: clock() } })
    }
  }

  async function current(): Promise<SigningKey> {
    const found = newest(await known(), "current")
    if (found !== undefined) return found
    making ??= first().finally(() => {
      making = undefined
    })
    return making
  }

  async function first(): Promise<SigningKey> {
    await make("current")
    const made = newest(await load(), "current")
    if (made === undefined) throw new InternalError("internal", "Cannot sign a token: no signing key could be made")
    // A key of another algorithm signs no more once the option has changed, but is still verified with.
    await retireAllBut(made.kid)
    await make("next")
    return made
  }

  return {
    current,
    async find(kid) {
      const found = (await known()).get(kid)
      if (found !== undefined) return found.key
      // SECURITY: made-up ids must not become reads of the store, one each.
      if (performance.now() - missedAt < unknownKeyReloadMs) return undefined
      missedAt = performance.now()
      return (await load()).get(kid)?.key
    },
    async rotate() {
      await current()
      if (newest(await load(), "next") === undefined) await make("next")
      const next = newest(await load(), "next")
      // Promoted first, retired second: at no moment is there no current key, and of two the newer one signs.
      if (next !== undefined && (await keys.updateOne({ _id: next.kid, state: "next" }, { $set: { state: "current" } })) === 1) await retireAllBut(next.kid)
      await make("next")
    },
    async remove(kid) {
      const deleted = await keys.deleteMany({ _id: kid })
      await load()
      return deleted > 0
    },
    async list() {
      const loaded = [...(await load()).values()].toSorted((a, b) => a.generation - b.generation)
      return loaded.map(({ key: { kid, algorithm: name, state, created, retired } }) => ({ kid, algorithm: name, state, created, retired }))
    },
    async jwks() {
      await current()
      const now = clock().getTime()
      const live = [...(await known()).values()].filter(({ key }) => key.retired === undefined || now - key.retired.getTime() <= (accessTokenSeconds + 5) * 1000)
      return { keys: live.flatMap(({ key }) => (key.publicJwk === undefined ? [] : [key.publicJwk])) }
    },
    async sweep(seconds) {
      await keys.deleteMany({ state: "retired", retired: { $lt: new Date(clock().getTime() - seconds * 1000) } })
      await load()
    },
  }
}

async function newJwk(algorithm: TokenAlgorithm): Promise<JWK> {
  if (algorithm === "HS256") return { kty: "oct", k: randomBytes(32).toString("base64url") }
  return exportJWK((await generateKeyPair(algorithm, { extractable: true })).privateKey)
}

async function importKey(text: string, algorithm: TokenAlgorithm, kid: string): Promise<{ signWith: CryptoKey; verifyWith: CryptoKey; publicJwk: JWK | undefined }> {
  const jwk = JSON.parse(text) as JWK
  if (algorithm === "HS256") {
    // Imported once: given bytes, jose would import them again for each token.
    const secret = await crypto.subtle.importKey("raw", Buffer.from(jwk.k as string, "base64url"), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])
    return { signWith: secret as CryptoKey, verifyWith: secret as CryptoKey, publicJwk: undefined }
  }
  const { d: _private, ...open } = jwk
  const publicJwk: JWK = { ...open, kid, alg: algorithm, use: "sig" }
  return { signWith: (await importJWK(jwk, algorithm)) as CryptoKey, verifyWith: (await importJWK(publicJwk, algorithm)) as CryptoKey, publicJwk }
}
