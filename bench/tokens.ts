// Refresh (lookup + sign) and login beside their floor: one indexed read and one HS256 signature by jose. An access token met again
// beside jose's verification. What the lookup costs in ever larger collections, and a thousand refreshes in flight.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jwtVerify, SignJWT, type CryptoKey } from "jose"
import { createCustomData, createUsers, decodeSnapshot } from "../server/users/index.ts"
import { createSignIn, createTokenService } from "../server/tokens/index.ts"
import { openEmbeddedStore, openState } from "../server/storage/index.ts"
import { toEjson, type Document } from "../kernel/index.ts"

const idOf = (index: number): string => index.toString(16).padStart(24, "0")
const sizes = [1000, 10_000, 100_000, 1_000_000]
/** Sizes with every figure; the others show the lookup and the refresh. */
const whole = new Set([1000, 1_000_000])
const sessions = 1000
const rounds = 5
const perRound = 3000
const namespace = { database: "app", collection: "users" }

interface Figure { readonly name: string; readonly microseconds: number }

/** Begins as many pieces of work at one moment, and says how long each took. */
async function flood(count: number, work: (index: number) => Promise<unknown>): Promise<{ readonly p50: number; readonly p99: number; readonly failures: number }> {
  const start = performance.now()
  let failures = 0
  const times = await Promise.all(Array.from({ length: count }, (_, index) => work(index).catch(() => void (failures += 1)).then(() => performance.now() - start)))
  times.sort((a, b) => a - b)
  return { p50: times[Math.floor(count * 0.5)] ?? 0, p99: times[Math.floor(count * 0.99)] ?? 0, failures }
}

async function once(work: (index: number) => Promise<unknown>, atOnce: number): Promise<number> {
  const start = performance.now()
  let next = 0
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < perRound) await work(next++)
  }))
  return ((performance.now() - start) * 1000) / perRound
}

/** Runs the candidates in turn, round after round, and gives the best round of each. */
async function measure(candidates: Record<string, (index: number) => Promise<unknown>>, atOnce: number): Promise<Figure[]> {
  const best = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(candidates)) best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, await once(work, atOnce)))
  }
  return [...best].map(([name, microseconds]) => ({ name, microseconds }))
}

function print(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`)
  const floor = figures[0]?.microseconds ?? 1
  for (const { name, microseconds } of figures) console.log(`  ${name.padEnd(44)} ${microseconds.toFixed(1).padStart(8)} us  ${(microseconds / floor).toFixed(2).padStart(6)}x`)
}

/** Prints the figures for small and large collections. */
export async function run(): Promise<void> {
  const lookups: string[] = []
  for (const size of sizes) {
    const folder = mkdtempSync(join(tmpdir(), "bench-tokens-"))
    const store = openEmbeddedStore({ file: join(folder, "store.sqlite"), durability: "process" })
    try {
      const log = { warn: () => undefined }
      await store.ensureIndex(namespace, { keys: { user_id: 1 } })
      for (let from = 0; from < size; from += 1000) {
        await store.insert(namespace, Array.from({ length: Math.min(1000, size - from) }, (_, index): Document => ({ user_id: idOf(from + index), team: "red", roles: ["a", "b"], level: 7, joined: new Date(0) })))
      }
      const open = openState(store, { app: "bench" })
      const collections = { users: open("users"), identities: open("identities"), registrations: open("registrations"), apiKeys: open("api_keys"), deletions: open("deletions"), sessions: open("sessions"), keys: open("keys") }
      const config = { enabled: true, dataSource: "mongodb-atlas", database: "app", collection: "users", userIdField: "user_id", onUserCreationFunction: undefined }
      const customData = createCustomData({ config: () => config, reader: { findFirstInserted: (_source, database, collection, field, value) => store.findFirstInserted({ database, collection }, field, value) }, log, clock: () => new Date() })
      let made = 0
      const anonymous = { type: "anon-user", id: undefined, disabled: false, config: {}, secretConfig: {}, metadataFields: [], redirectUris: [], domainRestrictions: [] }
      const users = createUsers({
        collections, domainId: "64a000000000000000000001", log, sessions: () => tokens, secret: () => undefined, functions: { call: async (_name, [payload]) => (payload as Document)["id"] }, newUserId: () => idOf(Math.floor((made++ * size) / sessions)),
        config: () => ({ clientAppId: "bench", providers: new Map([["anon-user", anonymous], ["custom-function", { ...anonymous, type: "custom-function", config: { authFunctionName: "authenticate" } }]]), customUserData: config }),
      })
      const tokens = createTokenService({ collections, snapshots: customData, users, domainId: "64a000000000000000000001", log, refreshesPerMinute: 1_000_000 })
      const signIn = createSignIn({ users, tokens, decode: decodeSnapshot })
      await users.open()
      const pairs: { access: string; refresh: string; user: string }[] = []
      for (let index = 0; index < sessions; index++) {
        const reply = await signIn.logIn("anon-user", {}, { address: "bench" })
        pairs.push({ access: reply.access_token, refresh: reply.refresh_token as string, user: reply.user_id })
      }
      const pair = (index: number): { access: string; refresh: string; user: string } => pairs[index % pairs.length] as { access: string; refresh: string; user: string }
      const secret = (await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])) as CryptoKey
      const claims = { baas_device_id: idOf(0), baas_domain_id: idOf(1), stitch_devId: idOf(0), stitch_domainId: idOf(1), typ: "access" }
      const floor = async (index: number): Promise<string> => {
        const { user } = pair(index)
        const document = await store.findFirstInserted(namespace, "user_id", user)
        return new SignJWT({ ...claims, user_data: toEjson(document) }).setProtectedHeader({ alg: "HS256", typ: "JWT", kid: "k" }).setSubject(user).setIssuer(idOf(2)).setJti(idOf(3)).setIssuedAt().setExpirationTime("30m").sign(secret)
      }
      const refresh = (index: number): Promise<unknown> => tokens.refresh(pair(index).refresh)
      let strange = tokens
      const coldRefresh = (index: number): Promise<unknown> => {
        if (index % sessions === 0) strange = createTokenService({ collections, snapshots: customData, users, domainId: "64a000000000000000000001", log })
        return strange.refresh(pair(index).refresh)
      }
      const counters = open("counters")
      const countedRefresh = async (index: number): Promise<void> => {
        await counters.updateOne({ _id: pair(index).user }, { $inc: { count: 1 } }, { upsert: true })
        await refresh(index)
      }
      for (let index = 0; index < sessions; index++) await signIn.logIn("custom-function", { id: `c${index}` }, { address: "bench" })
      const logIn = (index: number): Promise<unknown> => signIn.logIn("custom-function", { id: `c${index % sessions}` }, { address: "bench" })
      const twoWrites = async (index: number): Promise<void> => {
        await counters.updateOne({ _id: pair(index).user }, { $set: { at: new Date() } }, { upsert: true })
        await counters.insertOne({ _id: crypto.randomUUID(), user: pair(index).user, created: new Date() })
        await floor(index)
      }
      const [lookup] = await measure({ lookup: (index) => store.findFirstInserted(namespace, "user_id", idOf((index * 7919) % size)) }, 1)
      lookups.push(`  ${String(size).padStart(9)} documents  ${lookup?.microseconds.toFixed(1).padStart(6)} us`)
      const alien = await Promise.all(pairs.map(({ user }) => new SignJWT({ ...claims, user_data: { team: "red" } }).setProtectedHeader({ alg: "HS256" }).setSubject(user).setIssuedAt().setExpirationTime("30m").sign(secret)))
      console.log(`\n== ${size} documents, ${sessions} sessions, embedded store`)
      for (const atOnce of [1, 16]) {
        print(`refresh, ${atOnce} at once`, await measure({ "floor: indexed read + jose HS256 sign": floor, "refresh": refresh, "refresh, first of its session in a process": coldRefresh }, atOnce))
        if (!whole.has(size)) continue
        print(`login, ${atOnce} at once`, await measure({ "floor: indexed read + jose HS256 sign": floor, "floor and the two writes a login makes": twoWrites, "login of a known user": logIn }, atOnce))
        print(`access token met again, ${atOnce} at once`, await measure({ "jose jwtVerify": (index) => jwtVerify(alien[index % alien.length] as string, secret, { algorithms: ["HS256"] }), "verifyAccess": (index) => tokens.verifyAccess(pair(index).access) }, atOnce))
      }
      if (whole.has(size)) {
        print("what a count shared by all processes would cost", await measure({ refresh, "refresh after a counting write": countedRefresh }, 1))
        const { p50, p99, failures } = await flood(1000, refresh)
        const bare = await flood(1000, floor)
        console.log(`\n1,000 refreshes in flight: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, failures ${failures}; the floor: p50 ${bare.p50.toFixed(1)} ms, p99 ${bare.p99.toFixed(1)} ms`)
      }
      await tokens.close()
    } finally {
      await store.close()
      rmSync(folder, { recursive: true })
    }
  }
  console.log(`\nlookup of custom user data\n${lookups.join("\n")}`)
}
