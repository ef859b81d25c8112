// Accounts that come from elsewhere, under their ids and with their identities.
import { createHash } from "node:crypto"
import type { Clock, Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { Accounts } from "./accounts.ts"
import { isKnownHash } from "./passwords.ts"
import { adminDocument, newHexId, type Identity, type UserRecord } from "./records.ts"
import type { Registrations } from "./registrations.ts"
import { readEmail } from "./userpass.ts"

/** A user that comes from elsewhere. An e-mail address is an identity of `local-userpass`, given or not. */
export interface ImportedUser {
  readonly id?: string
  readonly email?: string
  /** Of any kind this server verifies. Without one the user has to reset the password before logging in with it. */
  readonly passwordHash?: string
  readonly identities?: readonly { readonly id: string; readonly providerType: string; readonly data?: Document }[]
  readonly created?: Date
  readonly lastLogin?: Date
  readonly disabled?: boolean
}

export interface UserImport {
  import(user: ImportedUser): Promise<Document>
  checkImport(user: ImportedUser): Promise<void>
}

/** No hash: nothing is verified by it. */
const noPassword = "!"
const movable = new Set(["anon-user", "local-userpass", "custom-token", "custom-function", "oauth2-google", "oauth2-facebook", "oauth2-apple"])

/** Makes the import of one app's users. A second import of the same user after one that was cut short completes it. */
export function createUserImport({ accounts, registrations, domainId, providerId, clock }: {
  readonly accounts: Accounts; readonly registrations: Registrations; readonly domainId: string; readonly providerId: (name: string) => string; readonly clock: Clock
}): UserImport {
  function read({ id = newHexId(clock()), email, passwordHash, identities = [], created = clock(), lastLogin = created, disabled = false }: ImportedUser): { user: UserRecord; email: string | undefined; hash: string } {
    if (id === "" || id.length > 128) throw new TypeError("Cannot import a user: its id is empty or has more than 128 characters")
    if (passwordHash !== undefined && !isKnownHash(passwordHash)) throw new TypeError("Cannot import a user: its password hash is of no known kind")
    const list: Identity[] = identities.map(({ id: identityId, providerType, data = {} }) => {
      if (!movable.has(providerType)) throw new TypeError(`Cannot import a user: identities of \`${providerType}\` cannot be moved`)
      if (identityId === "") throw new TypeError("Cannot import a user: an identity has no id")
      return { id: identityId, providerType, providerId: providerId(providerType), data }
    })
    const known = list.filter(({ providerType }) => providerType === "local-userpass")
    if (known.length > 1) throw new TypeError("Cannot import a user: it has two identities of `local-userpass`")
    const address = email ?? known[0]?.data["email"]
    if (known.length === 1 || email !== undefined) readEmail(address)
    if (known.length === 0 && email !== undefined) list.push({ id: identityIdOf(id, email), providerType: "local-userpass", providerId: providerId("local-userpass"), data: { email } })
    const last = list.at(-1)
    if (last === undefined) throw new TypeError("Cannot import a user: it has no identity, so nobody could log in as it")
    const anonymous = list.every(({ providerType }) => providerType === "anon-user")
    const user: UserRecord = { id, type: "normal", disabled, identities: list, lastIdentity: last.id, created, lastLogin, sessionsValidSince: 0, anonymous, version: 0 }
    return { user, email: typeof address === "string" ? address : undefined, hash: passwordHash ?? noPassword }
  }

  return {
    async checkImport(imported) {
      const { user, email } = read(imported)
      if ((await accounts.find(user.id)) !== undefined) throw taken("user id already in use")
      const registration = email === undefined ? undefined : await registrations.find(email)
      if (registration !== undefined && registration.userId !== user.id) throw taken("name already in use")
      for (const identity of user.identities) if (await accounts.isTaken(identity, user.id)) throw taken("identity already in use")
    },
    async import(imported) {
      const { user, email, hash } = read(imported)
      const identityId = user.identities.find(({ providerType }) => providerType === "local-userpass")?.id
      const made = email === undefined || identityId === undefined ? undefined : await registrations.add(email, hash, true, { identityId, userId: user.id })
      if (email !== undefined && made === undefined && !(await isLeftOver(email, user))) throw taken("name already in use")
      if (await accounts.adopt(user)) return adminDocument(user, domainId)
      if (made !== undefined) await registrations.remove(made)
      throw taken("user id or identity already in use")
    },
  }

  /** Whether a registration is what an import of this very user left behind. */
  async function isLeftOver(email: string, { id, identities }: UserRecord): Promise<boolean> {
    const found = await registrations.find(email)
    return found?.userId === id && identities.some((identity) => identity.id === found.identityId)
  }
}

/** The same at each attempt, so that one that was cut short is known again. */
function identityIdOf(userId: string, email: string): string {
  return createHash("sha256").update(JSON.stringify([userId, email])).digest("hex").slice(0, 24)
}

function taken(text: string): RequestError {
  return new RequestError("AccountNameInUse", text)
}
