// Accounts and the identities that lead to them.
import { setTimeout as sleep } from "node:timers/promises"
import { BackstitchError, InternalError, type Clock, type Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { createFirstLogins } from "./first-logins.ts"
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
  /** Whether a CREATE event is wanted, so that a new identity owes one. */
  readonly owesEvents: () => boolean
  /** Finishes the deletion of a user, if one was begun and left. */
  readonly finishDeletion: (userId: string) => Promise<"none" | "under-way" | "finished">
  /** No other process has the collections: a claim that none of this one's work holds was left by one that ended. */
  readonly exclusive: boolean
  readonly newUserId?: () => string
}

/** An account, as a login or a link comes to it. */
export interface Entry {
  readonly user: UserRecord
  /** Since when the identity's CREATE event is owed; undefined when it is not. */
  readonly owed: Date | undefined
}

export interface Accounts {
  /** The account of an identity, made if it is the first login. */
  signIn(credentials: Credentials): Promise<Entry & { readonly created: boolean }>
  /** Whether there is an account that credentials lead to. */
  isKnown(credentials: Credentials): Promise<boolean>
  /** Adds an identity to an account. */
  link(userId: string, identity: Identity): Promise<Entry>
  find(userId: string): Promise<UserRecord | undefined>
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

const patienceMs = 180_000
const maxTries = 20

/** Makes the accounts of one app. */
export function createAccounts({ collections: { users, identities }, clock, beforeCreation, onUserChanged, owesEvents, finishDeletion, exclusive, newUserId = () => newHexId(clock()) }: AccountsOptions): Accounts {
  const firstLogins = createFirstLogins({ users, identities, clock, beforeCreation, exclusive })

  async function find(userId: string): Promise<UserRecord | undefined> {
    const document = await users.findOne({ _id: userId })
    return document === null ? undefined : toUser(document)
  }

  async function signIn(credentials: Credentials): Promise<Entry & { created: boolean }> {
    const { identity, owner } = credentials
    if (owner !== undefined) {
      const user = await find(owner)
      if (user === undefined) throw new RequestError("AuthError", "unauthorized")
      return { user: await noteLogin(user), owed: undefined, created: false }
    }
    const key = keyOf(identity)
    const patience = performance.now() + patienceMs
    for (let pause = 10; performance.now() < patience; pause = Math.min(pause * 2, 250)) {
      const claim = await identities.findOne({ _id: key })
      if (claim === null) {
        const owed = owesEvents() ? clock() : undefined
        const made = await firstLogins.begin(key, credentials, newUserId(), owed)
        if (made !== undefined) return { user: made, owed, created: true }
      } else if (claim["state"] === "active") {
        const user = await signInto(key, identity, claim["user_id"] as string)
        if (user === "wait") await sleep(pause)
        else if (user !== "free") return { user, owed: owedIn(claim), created: false }
      } else if (firstLogins.isLeft(claim)) {
        const made = await firstLogins.takeOver(key, credentials, claim)
        if (made !== undefined) return { user: made, owed: owedIn(claim), created: true }
      } else {
        await (firstLogins.running(key) ?? sleep(pause))
      }
    }
    throw new InternalError("unavailable", "Cannot log in: the first login of this identity has not ended")
  }

  /** Logs into the account an identity leads to. `free`: it leads nowhere, now; `wait`: that account is being deleted. */
  async function signInto(key: string, identity: Identity, userId: string): Promise<UserRecord | "free" | "wait"> {
    const user = await find(userId)
    if (user?.disabled === true) {
      const deletion = await finishDeletion(userId)
      if (deletion === "none") throw new RequestError("UserDisabled", "user disabled")
      return deletion === "finished" ? "free" : "wait"
    }
    // A link that was cut short is completed, or undone where the account may not have the identity.
    const attached = user === undefined || has(user, identity) ? user : (await attach(userId, identity)).user
    if (attached !== undefined && has(attached, identity)) return noteLogin(attached, identity)
    await identities.deleteMany({ _id: key, user_id: userId })
    return "free"
  }

  async function noteLogin(user: UserRecord, identity?: Identity): Promise<UserRecord> {
    if (user.disabled) throw new RequestError("UserDisabled", "user disabled")
    const lastIdentity = identity?.id ?? user.lastIdentity
    const known = identity === undefined ? undefined : user.identities.find((each) => each.id === identity.id && each.providerType === identity.providerType)
    const described = identity === undefined || known === undefined || sameData(known.data, identity.data) ? user : await describe(user, identity)
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

  /** Adds an identity to an account that may have it; resolves to the account as it is then. */
  async function attach(userId: string, identity: Identity): Promise<{ readonly user: UserRecord | undefined }> {
    await users.updateOne(
      { _id: userId, disabled: false, "identities.id": { $ne: identity.id }, ...(identity.providerType === "local-userpass" ? { "identities.provider_type": { $ne: "local-userpass" } } : {}) },
      { $push: { identities: identityDocument(identity) }, $set: { anonymous: false, last_identity: identity.id }, $inc: { version: 1 } },
    )
    onUserChanged(userId)
    return { user: await find(userId) }
  }

  async function link(userId: string, identity: Identity): Promise<Entry> {
    const key = keyOf(identity)
    const fresh: Document = { _id: key, user_id: userId, identity_id: identity.id, state: "active", ...(owesEvents() ? { owed: clock() } : {}) }
    const isNew = (await identities.insertOne(fresh)) === "inserted"
    const record = isNew ? fresh : await identities.findOne({ _id: key, user_id: userId })
    if (record === null) throw refusedLink()
    const { user } = await attach(userId, identity)
    if (user === undefined || !has(user, identity)) {
      if (isNew) await identities.deleteMany({ _id: key, user_id: userId })
      throw refusedLink()
    }
    return { user, owed: owedIn(record) }
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

/** The `_id` of an identity's record. */
export function keyOf({ providerType, id }: Pick<Identity, "providerType" | "id">): string {
  return `${providerType}:${id}`
}

function owedIn({ owed }: Document): Date | undefined {
  return owed instanceof Date ? owed : undefined
}

function has(user: UserRecord, { id, providerType }: Identity): boolean {
  return user.identities.some((each) => each.id === id && each.providerType === providerType)
}

function sameData(left: Document, right: Document): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
