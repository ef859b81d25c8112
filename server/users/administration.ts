// What the Admin API and the command line do with users (admin specification, 4). Ordinary data operations, never part of a deploy.
import type { Clock, Document, Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { Accounts, Entry } from "./accounts.ts"
import { serverOwner, type ApiKeys } from "./api-keys.ts"
import { createUserImport, type ImportedUser } from "./import.ts"
import type { StateCollection, UserSessions } from "./ports.ts"
import { adminDocument, toUser, type Identity, type UserRecord } from "./records.ts"
import type { Registration, Registrations } from "./registrations.ts"
import { readEmail, type Userpass } from "./userpass.ts"

export interface UserListRequest {
  readonly after?: string
  readonly descending?: boolean
  readonly disabled?: boolean
  readonly providerTypes?: readonly string[]
  readonly limit?: number
}


export interface UserAdministration {
  list(request?: UserListRequest): Promise<Document[]>
  get(userId: string): Promise<Document>
  /** `{ email, password }`; confirmed at once, and an account at once. */
  create(payload: Document): Promise<Document>
  /** Adds an account that exists elsewhere, under its id and with its identities: no creation function, no CREATE event. */
  import(user: ImportedUser): Promise<Document>
  /** Rejects as {@link import} would, and writes nothing. */
  checkImport(user: ImportedUser): Promise<void>
  delete(userId: string): Promise<void>
  /** Ends all sessions; enabling does not bring them back. */
  disable(userId: string): Promise<void>
  enable(userId: string): Promise<void>
  /** Ends all sessions and leaves the account usable. */
  revokeSessions(userId: string): Promise<void>
  resetEmail(userId: string, email: Value): Promise<void>
  pending(after?: string): Promise<Document[]>
  deletePending(email: string): Promise<void>
  confirmPending(email: string): Promise<void>
  /** A token usable at once in the client's confirm call. */
  newConfirmation(email: string): Promise<{ readonly token: string; readonly token_id: string }>
  runConfirmation(email: string): Promise<void>
  createServerKey(payload: Document): Promise<Document>
  listServerKeys(): Promise<Document[]>
  getServerKey(id: string): Promise<Document>
  setServerKeyDisabled(id: string, disabled: boolean): Promise<void>
  deleteServerKey(id: string): Promise<void>
  /** The keys of one user. */
  listKeysOf(userId: string): Promise<Document[]>
  setKeyDisabled(userId: string, id: string, disabled: boolean): Promise<void>
  deleteKeyOf(userId: string, id: string): Promise<void>
  /** Deletes anonymous users that neither logged in nor refreshed for too long. */
  sweepAnonymous(): Promise<number>
}

export interface AdministrationOptions {
  readonly users: StateCollection
  readonly accounts: Accounts
  readonly registrations: Registrations
  readonly apiKeys: ApiKeys
  readonly userpass: Userpass
  readonly domainId: string
  readonly providerId: (name: string) => string
  readonly clock: Clock
  readonly sessions: () => UserSessions
  readonly revoke: (userId: string, fields?: Document) => Promise<void>
  readonly remove: (userId: string) => Promise<void>
  /** Queues the CREATE event of an account made here. */
  readonly announceCreated: (entry: Entry, identity: Identity) => Promise<void>
  readonly anonymousDays: number
}

const pageSize = 50
const dayMs = 86_400_000

/** Makes the administration of one app's users. */
export function createUserAdministration(options: AdministrationOptions): UserAdministration {
  const { users, accounts, registrations, apiKeys, userpass, domainId, providerId, clock, sessions, revoke, remove, announceCreated, anonymousDays } = options

  async function required(userId: string): Promise<UserRecord> {
    const user = await accounts.find(userId)
    if (user === undefined) throw new RequestError("UserNotFound", "user not found")
    return user
  }

  async function pendingOne(email: string): Promise<Registration> {
    const found = await registrations.find(email)
    if (found === undefined || found.userId !== "") throw new RequestError("UserNotFound", "user not found")
    return found
  }

  async function unconfirmedOne(email: string): Promise<Registration> {
    const found = await pendingOne(email)
    if (found.confirmed) throw new RequestError("UserAlreadyConfirmed", "already confirmed")
    return found
  }

  return {
    async list({ after, descending = false, disabled, providerTypes, limit = pageSize } = {}) {
      const filter: Document = {
        ...(after === undefined ? {} : { _id: descending ? { $lt: after } : { $gt: after } }),
        ...(disabled === undefined ? {} : { disabled }),
        ...(providerTypes === undefined ? {} : { "identities.provider_type": { $in: [...providerTypes] } }),
      }
      const found = await users.find(filter, { sort: { _id: descending ? -1 : 1 }, limit: Math.min(limit, pageSize) })
      return found.map((document) => adminDocument(toUser(document), domainId))
    },
    get: async (userId) => adminDocument(await required(userId), domainId),
    async create(payload) {
      const email = readEmail(payload["email"])
      const registration = await registrations.add(email, await userpass.hashNew(payload["password"]), true)
      if (registration === undefined) throw new RequestError("AccountNameInUse", "name already in use")
      const identity = { id: registration.identityId, providerType: "local-userpass", providerId: providerId("local-userpass"), data: { email } }
      try {
        const entry = await accounts.signIn({ identity })
        const { user } = entry
        await registrations.setUser(registration, user.id)
        await announceCreated(entry, identity)
        return adminDocument(user, domainId)
      } catch (error) {
        // A veto of the creation function frees the address; an account that exists keeps it.
        if ((await accounts.find((await registrations.find(email))?.userId ?? "")) === undefined) await registrations.remove(registration)
        throw error
      }
    },
    ...createUserImport({ accounts, registrations, domainId, providerId, clock }),
    delete: remove,
    async disable(userId) {
      await revoke(userId, { disabled: true })
    },
    async enable(userId) {
      await required(userId)
      await accounts.change(userId, { disabled: false })
    },
    revokeSessions: (userId) => revoke(userId),
    async resetEmail(userId, value) {
      const email = readEmail(value)
      const user = await required(userId)
      const identity = user.identities.find(({ providerType }) => providerType === "local-userpass")
      const registration = typeof identity?.data["email"] === "string" ? await registrations.find(identity.data["email"]) : undefined
      if (identity === undefined || registration === undefined || registration.identityId !== identity.id) throw new RequestError("UserNotFound", "user not found")
      if (registration.email === email) return
      if (!(await registrations.rename(registration, email))) throw new RequestError("AccountNameInUse", "name already in use")
      await accounts.describe(user, { ...identity, data: { email } })
    },
    async pending(after) {
      const found = await registrations.pending(after, pageSize)
      return found.map(({ id, email }) => ({ _id: id, domain_id: domainId, login_ids: [{ id_type: "email", id: email }], user_id: "" }))
    },
    async deletePending(email) {
      await registrations.remove(await pendingOne(email))
    },
    async confirmPending(email) {
      await registrations.confirm(await unconfirmedOne(email))
    },
    async newConfirmation(email) {
      const { token, tokenId } = await registrations.newToken(await unconfirmedOne(email), "confirm")
      return { token, token_id: tokenId }
    },
    async runConfirmation(email) {
      await userpass.runConfirmation(await unconfirmedOne(email))
    },
    createServerKey: (payload) => apiKeys.create(serverOwner, payload),
    listServerKeys: () => apiKeys.list(serverOwner),
    getServerKey: (id) => apiKeys.get(serverOwner, id),
    setServerKeyDisabled: (id, disabled) => apiKeys.setDisabled(serverOwner, id, disabled),
    deleteServerKey: (id) => apiKeys.delete(serverOwner, id),
    listKeysOf: async (userId) => apiKeys.list((await required(userId)).id),
    setKeyDisabled: async (userId, id, disabled) => apiKeys.setDisabled((await required(userId)).id, id, disabled),
    deleteKeyOf: async (userId, id) => apiKeys.delete((await required(userId)).id, id),
    async sweepAnonymous() {
      const before = new Date(clock().getTime() - anonymousDays * dayMs)
      let deleted = 0
      const idle = await users.find({ anonymous: true, active_at: { $lt: before } }, { limit: 1000 })
      for (const document of idle) {
        const active = await sessions().lastActivity(document["_id"] as string)
        // One that refreshes is looked at again only after it could have become idle.
        if (active !== undefined && active >= before) await accounts.change(document["_id"] as string, { active_at: active }, { anonymous: true })
        else {
          await remove(document["_id"] as string)
          deleted += 1
        }
      }
      return deleted
    },
  }
}
