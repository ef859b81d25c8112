// A user as it is stored, and the shapes in which others see it (specification of users, 2.1).
import { createHash, randomBytes } from "node:crypto"
import { InternalError, setField, type Document } from "../../kernel/index.ts"

export interface Identity {
  readonly id: string
  readonly providerType: string
  readonly providerId: string
  readonly data: Document
}

export interface UserRecord {
  readonly id: string
  readonly type: "normal" | "server"
  readonly disabled: boolean
  /** In order of linking; the one the account began with is first. */
  readonly identities: readonly Identity[]
  /** Id of the identity of the last login. */
  readonly lastIdentity: string
  readonly created: Date
  readonly lastLogin: Date
  /** Milliseconds; sessions that started before it have ended. */
  readonly sessionsValidSince: number
  /** Only an anonymous identity so far. */
  readonly anonymous: boolean
  /** Grows with each change of `identities`. */
  readonly version: number
}

/** 24 hexadecimal digits in the shape of an ObjectId. */
export function newHexId(now: Date): string {
  return (Math.floor(now.getTime() / 1000) >>> 0).toString(16).padStart(8, "0") + randomBytes(8).toString("hex")
}

/** The id of a provider: the export's own, else one that is the same at each start. */
export function providerIdOf(domainId: string, type: string, configured: string | undefined): string {
  return configured ?? createHash("sha256").update(`${domainId} ${type}`).digest("hex").slice(0, 24)
}

/** The record as its document in the store. */
export function toDocument(user: UserRecord): Document {
  return {
    _id: user.id, type: user.type, disabled: user.disabled, identities: user.identities.map(identityDocument), last_identity: user.lastIdentity, creation_date: user.created,
    last_authentication_date: user.lastLogin, active_at: user.lastLogin, sessions_valid_since: new Date(user.sessionsValidSince), anonymous: user.anonymous, version: user.version,
  }
}

/** An identity as it stands in the user's document. */
export function identityDocument({ id, providerType, providerId, data }: Identity): Document {
  return { id, provider_type: providerType, provider_id: providerId, data }
}

/** Reads a document of the store. */
export function toUser(document: Document): UserRecord {
  const { identities, creation_date: created, last_authentication_date: lastLogin, sessions_valid_since: validSince } = document
  if (!Array.isArray(identities) || !(created instanceof Date) || !(lastLogin instanceof Date) || !(validSince instanceof Date)) throw new InternalError("internal", "Cannot read a user: its record is damaged")
  return {
    id: document["_id"] as string, type: document["type"] === "server" ? "server" : "normal", disabled: document["disabled"] === true,
    identities: (identities as Document[]).map((each) => ({ id: each["id"] as string, providerType: each["provider_type"] as string, providerId: each["provider_id"] as string, data: each["data"] as Document })),
    lastIdentity: document["last_identity"] as string, created, lastLogin, sessionsValidSince: validSince.getTime(), anonymous: document["anonymous"] === true,
    version: typeof document["version"] === "number" ? document["version"] : 0,
  }
}

/** Metadata of all identities in one document; where two supply a field, the identity of the last login wins. */
export function mergedData(user: UserRecord): Document {
  const merged: Document = {}
  const last = user.identities.filter(({ id }) => id === user.lastIdentity)
  for (const { data } of [...user.identities, ...last]) {
    for (const field of Object.keys(data)) setField(merged, field, data[field])
  }
  return merged
}

/** `context.user`, `%%user` and the user of an authentication event. */
export function userDocument(user: { readonly id: string; readonly type: string; readonly data: Document; readonly identities: readonly Document[] }, customData: Document): Document {
  return { id: user.id, type: user.type, data: user.data, custom_data: customData, identities: user.identities as Document[] }
}

/** The user object of functions that nobody is logged in for: no id, nothing to look custom data up by. */
export function systemUser(): Document {
  return { type: "system", data: {}, custom_data: {}, identities: [] }
}

/** Identities as functions and rules see them. SOURCE: `provider_type`, as trigger samples and recorded events spell it. */
export function publicIdentities(user: UserRecord): Document[] {
  return user.identities.map(({ id, providerType, data }) => ({ id, provider_type: providerType, data }))
}

/** The reply of `GET /auth/profile`. */
export function profileDocument(user: UserRecord, domainId: string): Document {
  const identities = user.identities.map(({ id, providerType, providerId, data }) => ({ id, provider_type: providerType, provider_id: providerId, provider_data: data }))
  return { user_id: user.id, domain_id: domainId, type: user.type, data: mergedData(user), identities }
}

/** A user as the Admin API shows it. */
export function adminDocument(user: UserRecord, domainId: string): Document {
  const { identities, data } = profileDocument(user, domainId)
  return {
    _id: user.id, domain_id: domainId, type: user.type, disabled: user.disabled, data, identities, creation_date: Math.floor(user.created.getTime() / 1000),
    last_authentication_date: Math.floor(user.lastLogin.getTime() / 1000), sessions_valid_since: Math.floor(user.sessionsValidSince / 1000),
  }
}
