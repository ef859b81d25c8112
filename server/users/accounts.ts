// Accounts and the identities that lead to them. One identity makes one account, also when two first logins meet.
import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { BackstitchError, InternalError, type Clock, type Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { UserCollections } from "./ports.ts"
import { identityDocument, newHexId, toDocument, toUser, type Identity, type UserRecord } from "./records.ts"

/** Credentials that were found right. */
export interface Credentials {
  readonly identity: Identity
  readonly type?: "server"
  /** The credentials belong to this account whatever its identities are: a user's API key. */
  readonly owner?: string
}

export interface AccountsOptions {
  readonly collections: UserCollections
  readonly clock: Clock
  /** Runs the creation function, if one is configured now, and resolves to whether there was one; rejecting vetoes the account. */
  readonly beforeCreation: (user: UserRecord) => Promise<boolean>
  readonly onUserChanged: (userId: string) => void
  readonly newUserId?: () => string
}

export interface Accounts {
  /** The account of an identity, made if it is the first login. */
  signIn(credentials: Credentials): Promise<{ readonly user: UserRecord; readonly created: boolean }>
  /** Whether there is an account that credentials lead to. */
  isKnown(credentials: Credentials): Promise<boolean>
  /** Adds an identity to an account. */
  link(userId: string, identity: Identity): Promise<{ readonly user: UserRecord; readonly added: boolean }>
  find(userId: string): Promise<UserRecord | undefined>
  /** Resolves to the user as it was; undefined if there was none, or another deletion came first. */
  delete(userId: string): Promise<UserRecord | undefined>
  /** Changes fields of a user's document; false if there is no such user. */
  change(userId: string, fields: Document, only?: Document): Promise<boolean>
  /** Rewrites one identity's metadata. */
  describe(user: UserRecord, identity: Identity): Promise<UserRecord>
  /** Adds an account without a login, as it came from elsewhere. False: the id or the identity is taken. */
  adopt(user: UserRecord): Promise<boolean>
  /** Whether an identity leads to another account than the one named. */
  isTaken(identity: Identity, userId: string): Promise<boolean>
  ensureIndexes(): Promise<void>
}

const leaseMs = 15_000
const patienceMs = 180_000
const maxTries = 20

/** Makes the accounts of one app. */
export function createAccounts({ collections: { users, identities }, clock, beforeCreation, onUserChanged, newUserId = () => newHexId(clock()) }: AccountsOptions): Accounts {
  /** First logins running in this process, so that others here need not poll. */
  const creating = new Map<string, Promise<unknown>>()

  async function find(userId: string): Promise<UserRecord | undefined> {
    const document = await users.findOne({ _id: userId })
    return document === null ? undefined : toUser(document)
  }

  async function signIn(credentials: Credentials): Promise<{ user: UserRecord; created: boolean }> {
    const { identity, owner } = credentials
    if (owner !== undefined) {
      const user = await find(owner)
      if (user === undefined) throw new RequestError("AuthError", "unauthorized")
      return { user: await noteLogin(user), created: false }
    }
    const key = keyOf(identity)
    const patience = performance.now() + patienceMs
    for (let pause = 10; performance.now() < patience; pause = Math.min(pause * 2, 250)) {
      const claim = await identities.findOne({ _id: key })
      if (claim === null) {
        const made = await tryCreate(key, credentials, newClaim(key, identity, newUserId()))
        if (made !== undefined) return { user: made, created: true }
      } else if (claim["state"] === "active") {
        const user = await find(claim["user_id"] as string)
        if (user !== undefined) return { user: await noteLogin(user, identity), created: false }
        // The account was deleted and this identity left behind: it is free.
        await identities.deleteMany({ _id: key, user_id: claim["user_id"] })
      } else if ((claim["lease"] as Date).getTime() <= clock().getTime()) {
        const made = await takeOver(key, credentials, claim)
        if (made !== undefined) return { user: made, created: true }
      } else {
        await (creating.get(key) ?? sleep(pause))
      }
    }
    throw new InternalError("unavailable", "Cannot log in: the first login of this identity has not ended")
  }

  function newClaim(key: string, identity: Identity, userId: string): Document {
    return { _id: key, user_id: userId, identity_id: identity.id, state: "creating", claimant: randomBytes(9).toString("base64url"), lease: new Date(clock().getTime() + leaseMs), ran: false }
  }

  async function tryCreate(key: string, credentials: Credentials, claim: Document): Promise<UserRecord | undefined> {
    // INVARIANT: `_id` is provider and identity, so of two first logins one inserts, before the creation function runs.
    if ((await identities.insertOne(claim)) === "duplicate") return undefined
    return create(key, credentials, claim)
  }

  /** A process died during a first login: go on with the user id it had chosen, and do not repeat what it had finished. */
  async function takeOver(key: string, credentials: Credentials, claim: Document): Promise<UserRecord | undefined> {
    const mine = { ...claim, claimant: randomBytes(9).toString("base64url"), lease: new Date(clock().getTime() + leaseMs) }
    const taken = await identities.updateOne({ _id: key, state: "creating", claimant: claim["claimant"] }, { $set: { claimant: mine.claimant, lease: mine.lease } })
    return taken === 1 ? create(key, credentials, mine) : undefined
  }

  function create(key: string, credentials: Credentials, claim: Document): Promise<UserRecord> {
    const work = runCreation(key, credentials, claim)
    // Waiters only want to know when it has ended; how is told to the login that runs it.
    const ended = work.then(() => undefined, () => undefined)
    creating.set(key, ended)
    void ended.then(() => creating.delete(key))
    return work
  }

  async function runCreation(key: string, { identity, type }: Credentials, claim: Document): Promise<UserRecord> {
    const now = clock()
    const mine = { _id: key, claimant: claim["claimant"] as string }
    const user: UserRecord = {
      id: claim["user_id"] as string, type: type ?? "normal", disabled: false, identities: [identity], lastIdentity: identity.id, created: now, lastLogin: now,
      sessionsValidSince: 0, anonymous: identity.providerType === "anon-user", announced: false, version: 0,
    }
    const heartbeat = setInterval(() => {
      // A lost heartbeat only lets another process take over once the lease is over.
      identities.updateOne(mine, { $set: { lease: new Date(clock().getTime() + leaseMs) } }).catch(() => undefined)
    }, leaseMs / 3)
    try {
      // From its end on the function is not run again: a failure to note that leaves the claim, and with it the user id.
      if (claim["ran"] !== true && (await runFunction())) await identities.updateOne(mine, { $set: { ran: true } })
    } finally {
      clearInterval(heartbeat)
    }
    // A duplicate here is the record of the process that died after writing it.
    await users.insertOne(toDocument(user))
    await identities.updateOne(mine, { $set: { state: "active" }, $unset: { lease: 1, claimant: 1, ran: 1 } })
    return user

    async function runFunction(): Promise<boolean> {
      try {
        return await beforeCreation(user)
      } catch (error) {
        await identities.deleteMany(mine)
        throw error
      }
    }
  }

  async function noteLogin(user: UserRecord, identity?: Identity): Promise<UserRecord> {
    if (user.disabled) throw new RequestError("UserDisabled", "user disabled")
    const lastIdentity = identity?.id ?? user.lastIdentity
    const known = identity === undefined ? undefined : user.identities.find((each) => each.id === identity.id && each.providerType === identity.providerType)
    const described = identity === undefined || (known !== undefined && sameData(known.data, identity.data)) ? user : await describe(user, identity)
    const lastLogin = clock()
    await users.updateOne({ _id: user.id }, { $set: { last_authentication_date: lastLogin, last_identity: lastIdentity } })
    if (lastIdentity !== user.lastIdentity) onUserChanged(user.id)
    return { ...described, lastLogin, lastIdentity }
  }

  async function describe(user: UserRecord, identity: Identity): Promise<UserRecord> {
    let current = user
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const others = current.identities.map((each) => (each.id === identity.id && each.providerType === identity.providerType ? identity : each))
      const next = others.includes(identity) ? others : [...others, identity]
      const matched = await users.updateOne({ _id: user.id, version: current.version }, { $set: { identities: next.map(identityDocument) }, $inc: { version: 1 } })
      onUserChanged(user.id)
      if (matched === 1) return { ...current, identities: next, version: current.version + 1 }
      const again = await find(user.id)
      if (again === undefined) throw new RequestError("AuthError", "unauthorized")
      current = again
    }
    throw new InternalError("unavailable", "Cannot change a user: too many changes at the same moment")
  }

  async function link(userId: string, identity: Identity): Promise<{ user: UserRecord; added: boolean }> {
    const key = keyOf(identity)
    const outcome = await identities.insertOne({ _id: key, user_id: userId, identity_id: identity.id, state: "active" })
    if (outcome === "duplicate" && (await identities.findOne({ _id: key, user_id: userId })) === null) throw refusedLink()
    const added = await users.updateOne(
      { _id: userId, disabled: false, "identities.id": { $ne: identity.id }, ...(identity.providerType === "local-userpass" ? { "identities.provider_type": { $ne: "local-userpass" } } : {}) },
      { $push: { identities: identityDocument(identity) }, $set: { anonymous: false, last_identity: identity.id }, $inc: { version: 1 } },
    )
    onUserChanged(userId)
    const user = await find(userId)
    const has = user?.identities.some((each) => each.id === identity.id && each.providerType === identity.providerType) === true
    if (user === undefined || !has) {
      if (outcome === "inserted") await identities.deleteMany({ _id: key, user_id: userId })
      throw refusedLink()
    }
    return { user, added: added === 1 }
  }

  return {
    signIn,
    async isKnown({ identity, owner }) {
      if (owner !== undefined) return (await find(owner)) !== undefined
      const claim = await identities.findOne({ _id: keyOf(identity), state: "active" })
      return claim !== null && (await find(claim["user_id"] as string)) !== undefined
    },
    link,
    find,
    describe,
    async delete(userId) {
      const user = await find(userId)
      if (user === undefined) return undefined
      // Identities first: after a crash between the two the account is still listed and can be deleted again.
      await identities.deleteMany({ user_id: userId })
      const deleted = await users.deleteMany({ _id: userId })
      onUserChanged(userId)
      return deleted === 1 ? user : undefined
    },
    async change(userId, fields, only = {}) {
      const matched = await users.updateOne({ _id: userId, ...only }, { $set: fields })
      onUserChanged(userId)
      return matched === 1
    },
    async adopt(user) {
      // INVARIANT: only what this call made is undone; what is left of an import that was cut short is taken up again.
      const made: string[] = []
      const undo = async (): Promise<false> => {
        for (const key of made) await identities.deleteMany({ _id: key, user_id: user.id })
        return false
      }
      for (const identity of user.identities) {
        const key = keyOf(identity)
        if ((await identities.insertOne({ _id: key, user_id: user.id, identity_id: identity.id, state: "active" })) === "inserted") made.push(key)
        else if ((await identities.findOne({ _id: key, user_id: user.id })) === null) return undo()
      }
      return (await users.insertOne(toDocument(user))) === "inserted" ? true : undo()
    },
    async isTaken(identity, userId) {
      const claim = await identities.findOne({ _id: keyOf(identity) })
      return claim !== null && claim["user_id"] !== userId
    },
    async ensureIndexes() {
      await identities.ensureIndex({ keys: { user_id: 1 } })
      await users.ensureIndex({ keys: { anonymous: 1, active_at: 1 } })
    },
  }
}

/** The refusal of each link. SOURCE: specification 2.4: 400, since realm-web repeats a 401 for ever. */
export function refusedLink(): RequestError {
  return new RequestError("InvalidParameter", "invalid user link request")
}

/** Whether an error says that something could not be done at all, rather than that it was refused. */
export function isOutage(error: unknown): boolean {
  return error instanceof BackstitchError && error.fault === "server"
}

function keyOf({ providerType, id }: Identity): string {
  return `${providerType}:${id}`
}

function sameData(left: Document, right: Document): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
