// E-mail and password, as records: who registered, with which hash, confirmed or not, and the tokens that are out.
// The flows are in userpass.ts.
import { hash, randomBytes, timingSafeEqual } from "node:crypto"
import { InternalError, type Clock, type Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { StateCollection } from "./ports.ts"
import { newHexId } from "./records.ts"

export interface Registration {
  readonly email: string
  /** Id of the registration: what the Admin API shows of a pending user. */
  readonly id: string
  /** Id of the identity the account will have. */
  readonly identityId: string
  readonly passwordHash: string
  readonly confirmed: boolean
  /** "" until the first login. */
  readonly userId: string
}

export type Purpose = "confirm" | "reset"

/** SECURITY: exists only in a reply, a letter or a function's argument; the store keeps a digest. */
export interface OneTimeToken {
  readonly token: string
  readonly tokenId: string
}

export interface Registrations {
  find(email: string): Promise<Registration | undefined>
  /** Undefined: the address is taken. */
  add(email: string, passwordHash: string, confirmed: boolean, ids?: { readonly identityId: string; readonly userId: string }): Promise<Registration | undefined>
  /** Makes a token that lives 30 minutes; an older one for the same purpose ends. */
  newToken(registration: Registration, purpose: Purpose): Promise<OneTimeToken>
  /** The registration a token stands for; throws `UserpassTokenInvalid` or `BadRequest`. */
  redeemable(payload: Document, purpose: Purpose): Promise<Registration>
  /** Uses a token up and applies the fields; throws `UserpassTokenInvalid` if another request was first. */
  redeem(payload: Document, purpose: Purpose, fields: Document): Promise<void>
  confirm(registration: Registration): Promise<void>
  setHash(registration: Registration, passwordHash: string): Promise<void>
  setUser(registration: Registration, userId: string): Promise<void>
  /** Moves a registration to another address; false if that is taken. */
  rename(registration: Registration, email: string): Promise<boolean>
  remove(registration: Registration): Promise<void>
  removeOf(identityIds: readonly string[]): Promise<void>
  /** Those that never logged in, in order of registration. */
  pending(after: string | undefined, limit: number): Promise<Registration[]>
  ensureIndexes(): Promise<void>
}

const tokenLifeMs = 30 * 60_000

/** Makes the records of one app's e-mail addresses. Addresses are kept as given: case counts. */
export function createRegistrations({ collection, clock }: { readonly collection: StateCollection; readonly clock: Clock }): Registrations {
  async function findByToken({ tokenId, token }: OneTimeToken, purpose: Purpose): Promise<Registration> {
    const document = await collection.findOne({ [`${purpose}_id`]: tokenId })
    const [digest, expires] = [document?.[`${purpose}_digest`], document?.[`${purpose}_expires`]]
    const right = document !== null && typeof digest === "string" && expires instanceof Date && expires.getTime() > clock().getTime() && sameText(digest, digestOf(token))
    if (!right) throw spent()
    return toRegistration(document)
  }

  return {
    async find(email) {
      const document = await collection.findOne({ _id: email })
      return document === null ? undefined : toRegistration(document)
    },
    async add(email, passwordHash, confirmed, ids) {
      const now = clock()
      const registration = { email, id: newHexId(now), identityId: ids?.identityId ?? newHexId(now), passwordHash, confirmed, userId: ids?.userId ?? "" }
      const outcome = await collection.insertOne({ _id: email, id: registration.id, identity_id: registration.identityId, hash: passwordHash, confirmed, user_id: registration.userId, created: now })
      return outcome === "inserted" ? registration : undefined
    },
    async newToken(registration, purpose) {
      const made = { token: randomBytes(64).toString("hex"), tokenId: newHexId(clock()) }
      const expires = new Date(clock().getTime() + tokenLifeMs)
      const matched = await collection.updateOne({ _id: registration.email, id: registration.id }, { $set: { [`${purpose}_id`]: made.tokenId, [`${purpose}_digest`]: digestOf(made.token), [`${purpose}_expires`]: expires } })
      if (matched === 0) throw new RequestError("UserNotFound", "user not found")
      return made
    },
    redeemable: async (payload, purpose) => findByToken(readToken(payload), purpose),
    async redeem(payload, purpose, fields) {
      const token = readToken(payload)
      const registration = await findByToken(token, purpose)
      const matched = await collection.updateOne(
        { _id: registration.email, [`${purpose}_id`]: token.tokenId },
        { $set: fields, $unset: { [`${purpose}_id`]: 1, [`${purpose}_digest`]: 1, [`${purpose}_expires`]: 1 } },
      )
      if (matched === 0) throw spent()
    },
    async confirm({ email, id }) {
      await collection.updateOne({ _id: email, id }, { $set: { confirmed: true }, $unset: { confirm_id: 1, confirm_digest: 1, confirm_expires: 1 } })
    },
    async setHash({ email, id }, passwordHash) {
      await collection.updateOne({ _id: email, id }, { $set: { hash: passwordHash } })
    },
    async setUser({ email, id }, userId) {
      await collection.updateOne({ _id: email, id }, { $set: { user_id: userId } })
    },
    async rename(registration, email) {
      const document = await collection.findOne({ _id: registration.email, id: registration.id })
      if (document === null) return false
      // One that is there with this id was written by a process that ended before it removed the old one.
      if ((await collection.insertOne({ ...document, _id: email })) === "duplicate" && (await collection.findOne({ _id: email, id: registration.id })) === null) return false
      await collection.deleteMany({ _id: registration.email, id: registration.id })
      return true
    },
    async remove({ email, id }) {
      await collection.deleteMany({ _id: email, id })
    },
    async removeOf(identityIds) {
      for (const id of identityIds) await collection.deleteMany({ identity_id: id })
    },
    async pending(after, limit) {
      const documents = await collection.find({ user_id: "", ...(after === undefined ? {} : { id: { $gt: after } }) }, { sort: { id: 1 }, limit })
      return documents.map(toRegistration)
    },
    async ensureIndexes() {
      for (const field of ["confirm_id", "reset_id", "identity_id", "user_id"]) await collection.ensureIndex({ keys: { [field]: 1 } })
    },
  }
}

function toRegistration(document: Document): Registration {
  const { _id: email, id, identity_id: identityId, hash: passwordHash, confirmed, user_id: userId } = document
  if (typeof email !== "string" || typeof id !== "string" || typeof identityId !== "string" || typeof passwordHash !== "string" || typeof userId !== "string") {
    throw new InternalError("internal", "Cannot read a registration: its record is damaged")
  }
  return { email, id, identityId, passwordHash, confirmed: confirmed === true, userId }
}

function readToken({ token, tokenId }: Document): OneTimeToken {
  if (typeof token !== "string" || typeof tokenId !== "string" || !/^[0-9a-zA-Z_-]{1,256}$/.test(token) || !/^[0-9a-f]{24}$/.test(tokenId)) throw new RequestError("BadRequest", "invalid token data")
  return { token, tokenId }
}

function spent(): RequestError {
  return new RequestError("UserpassTokenInvalid", "userpass token is expired or invalid")
}

function digestOf(token: string): string {
  return hash("sha256", token, "base64url")
}

function sameText(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}
