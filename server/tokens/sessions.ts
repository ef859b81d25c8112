// User sessions: what one refresh token stands for. The store keeps a digest of the token, never the token.
import { hash } from "node:crypto"
import { InternalError, type Clock, type Document } from "../../kernel/index.ts"
import type { StateCollection, UserLog } from "../users/index.ts"
import type { SessionIdentity } from "./encode.ts"
import type { Snapshot } from "./ports.ts"

export interface SessionRecord {
  readonly id: string
  readonly userId: string
  readonly deviceId: string
  readonly digest: string
  readonly ended: boolean
  readonly expires: Date
  readonly lastRefresh: Date
  /** The last snapshot put into a token. */
  readonly snapshot: Snapshot | undefined
  /** Tells whether another snapshot is the same; undefined when none is stored. */
  readonly snapshotDigest: string | undefined
}

export interface NewSession {
  readonly id: string
  readonly userId: string
  readonly deviceId: string
  /** What the client told of its device. */
  readonly device: Document
  readonly identity: SessionIdentity
  readonly digest: string
  readonly created: Date
  readonly expires: Date
  readonly snapshot: Snapshot
}

/** A session as an operator sees it. */
export interface LiveSession extends Pick<SessionRecord, "id" | "deviceId" | "expires" | "lastRefresh" | "snapshot"> {
  readonly providerType: string
  readonly created: Date
}

export interface Sessions {
  /** False: the id is taken. */
  store(session: NewSession): Promise<boolean>
  find(id: string): Promise<SessionRecord | undefined>
  /** Ends a session if the digest is its own; false when there was nothing to end. */
  end(id: string, digest: string): Promise<boolean>
  /** Ends the oldest sessions of a user beyond a number. */
  keepNewest(userId: string, count: number): Promise<string[]>
  /** Ends every session of a user. Resolves to the ids of those that ended, and to the start of the newest of all that are known, also ended ones, or 0. */
  endAll(userId: string): Promise<{ readonly ended: string[]; readonly newest: number }>
  /** Ids of the sessions that ended at or after a time. */
  endedSince(time: Date): Promise<string[]>
  /**
   * Notes a refresh; the caller does not wait for it. The time is exact to an hour, and the snapshot is written when it is another:
   * only operators and cleaning up read them. Undefined: there was nothing to note; else the session as it is then, and whether that was stored.
   */
  note(session: SessionRecord, snapshot: Snapshot): { readonly session: SessionRecord; readonly stored: Promise<boolean> } | undefined
  /** Stores a new snapshot with its session, and when it was taken. */
  remember(id: string, snapshot: Snapshot): Promise<void>
  /** The sessions of a user that have neither ended nor expired, newest first. */
  liveOf(userId: string): Promise<LiveSession[]>
  /** Devices a user has logged in from, newest first. */
  devicesOf(userId: string): Promise<Document[]>
  /** When the user last logged in or refreshed, exact to an hour. */
  lastActivity(userId: string): Promise<Date | undefined>
  /** Deletes what has expired, and what ended more than a day ago; never a live session, as others would not hear of it. */
  sweep(): Promise<number>
  /** Resolves when all noted refreshes are stored. */
  flush(): Promise<void>
}

const touchMs = 3_600_000
const endedKeptMs = 86_400_000

/** The digest under which a token is stored and looked up. */
export function digestOf(token: string): string {
  return hash("sha256", token, "base64url")
}

function snapshotDigestOf({ json }: Snapshot): string {
  return json === undefined ? "" : digestOf(json)
}

/** A session that has ended keeps no copy of custom data. */
const ending = (now: Date): Document => ({ $set: { ended: true, ended_at: now }, $unset: { snapshot: 1, snapshot_at: 1 } })

/** Makes the store of sessions over one collection. */
export function createSessions({ collection, clock, log }: { readonly collection: StateCollection; readonly clock: Clock; readonly log: UserLog }): Sessions {
  const writing = new Set<Promise<boolean>>()
  let indexed: Promise<void> | undefined

  function ensureIndexes(): Promise<void> {
    indexed ??= Promise.all([{ user_id: 1, created: 1 }, { ended_at: 1 }, { expires: 1 }].map((keys) => collection.ensureIndex({ keys }))).then(
      () => undefined,
      (error: unknown) => {
        indexed = undefined
        throw error
      },
    )
    return indexed
  }

  async function active(userId: string): Promise<Document[]> {
    await ensureIndexes()
    return collection.find({ user_id: userId, ended: false }, { sort: { created: -1 } })
  }

  async function endEach(documents: readonly Document[]): Promise<string[]> {
    const ids = documents.map((document) => document["_id"] as string)
    for (const id of ids) await collection.updateOne({ _id: id, ended: false }, ending(clock()))
    return ids
  }

  return {
    async store(session) {
      await ensureIndexes()
      const { id, userId, deviceId, device, identity, digest, created, expires, snapshot } = session
      const document: Document = {
        _id: id, user_id: userId, device_id: deviceId, device, provider_type: identity.providerType, provider_id: identity.providerId, identity_id: identity.id,
        created, expires, last_refresh: created, ended: false, digest, ...stored(snapshot),
      }
      return (await collection.insertOne(document)) === "inserted"
    },
    async find(id) {
      const document = await collection.findOne({ _id: id })
      return document === null ? undefined : toRecord(document)
    },
    async end(id, digest) {
      return (await collection.updateOne({ _id: id, digest, ended: false }, ending(clock()))) === 1
    },
    keepNewest: async (userId, count) => endEach((await active(userId)).slice(count)),
    async endAll(userId) {
      await ensureIndexes()
      // A session that was logged out has access tokens that live on; they shall be older than the revocation too.
      const all = await collection.find({ user_id: userId }, { sort: { created: -1 } })
      const created = all[0]?.["created"]
      return { ended: await endEach(all.filter((document) => document["ended"] === false)), newest: created instanceof Date ? created.getTime() : 0 }
    },
    async endedSince(time) {
      await ensureIndexes()
      return (await collection.find({ ended_at: { $gte: time } })).map((document) => document["_id"] as string)
    },
    note(session, snapshot) {
      const now = clock()
      const snapshotDigest = snapshotDigestOf(snapshot)
      const isOther = snapshotDigest !== session.snapshotDigest
      if (!isOther && now.getTime() - session.lastRefresh.getTime() < touchMs) return undefined
      const write = collection.updateOne({ _id: session.id, ended: false }, { $set: { last_refresh: now, ...(isOther ? stored(snapshot) : {}) } }).then(
        () => true,
        () => {
          log.warn("session-note-failed", { sessionId: session.id })
          return false
        },
      )
      writing.add(write)
      void write.finally(() => writing.delete(write))
      return { session: { ...session, lastRefresh: now, snapshotDigest }, stored: write }
    },
    async remember(id, snapshot) {
      await collection.updateOne({ _id: id, ended: false }, { $set: { ...stored(snapshot), last_refresh: clock() } })
    },
    async liveOf(userId) {
      const now = clock().getTime()
      const live = (await active(userId)).map((document) => ({ ...toRecord(document), providerType: document["provider_type"] as string, created: document["created"] as Date }))
      return live.filter(({ expires }) => expires.getTime() > now)
    },
    async devicesOf(userId) {
      await ensureIndexes()
      const seen = new Map<string, Document>()
      for (const session of await collection.find({ user_id: userId }, { sort: { created: -1 } })) {
        const id = session["device_id"] as string
        if (!seen.has(id)) seen.set(id, { _id: id, ...(session["device"] as Document), last_seen: session["last_refresh"] })
      }
      return [...seen.values()]
    },
    async lastActivity(userId) {
      const times = (await collection.find({ user_id: userId })).map((session) => (session["last_refresh"] as Date).getTime())
      return times.length === 0 ? undefined : new Date(Math.max(...times))
    },
    async sweep() {
      const now = clock().getTime()
      const expired = await collection.deleteMany({ expires: { $lt: new Date(now) } })
      return expired + (await collection.deleteMany({ ended: true, ended_at: { $lt: new Date(now - endedKeptMs) } }))
    },
    async flush() {
      await Promise.all(writing)
    },
  }
}

function toRecord(document: Document): SessionRecord {
  const { snapshot: json, snapshot_at: takenAt } = document
  const snapshot = takenAt instanceof Date ? { json: typeof json === "string" ? json : undefined, takenAt } : undefined
  const [ended, expires, lastRefresh] = [document["ended"], document["expires"], document["last_refresh"]]
  if (!(expires instanceof Date) || !(lastRefresh instanceof Date) || typeof ended !== "boolean") throw new InternalError("internal", "Cannot read a session: its record is damaged")
  return {
    id: document["_id"] as string, userId: document["user_id"] as string, deviceId: document["device_id"] as string, digest: document["digest"] as string, ended, expires, lastRefresh,
    snapshot, snapshotDigest: snapshot === undefined ? undefined : snapshotDigestOf(snapshot),
  }
}

function stored({ json, takenAt }: Snapshot): Document {
  return { snapshot: json ?? null, snapshot_at: takenAt }
}
