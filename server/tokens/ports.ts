// What the token service needs of others. It looks no user up and reads no custom data: those are ports, filled by composition.
import type { Document } from "../../kernel/index.ts"
import type { StateCollection } from "../users/index.ts"

/** Where the sessions and signing keys of one app live; each name is a collection of its own. */
export interface TokenCollections {
  readonly sessions: StateCollection
  readonly keys: StateCollection
}

/** Custom user data as it stands in a token. */
export interface Snapshot {
  /** The JSON text of the claim, canonical Extended JSON with ids as text. Undefined: the user has none, and the claim is left out. */
  readonly json: string | undefined
  /** When the document was read. */
  readonly takenAt: Date
}

/** Takes the snapshot when an access token is made. Filled by `createCustomData` of server/users. */
export interface SnapshotSource {
  /** Whether {@link claimFor} falls back on the last snapshot of a session, so that each is stored before its token is handed out. */
  readonly keepsPrevious: boolean
  /** Rejects with a `server` fault when the read fails and the policy is to fail. */
  claimFor(userId: string, previous?: Snapshot): Promise<Snapshot>
}

/** What a token's user is now. */
export interface UserState {
  readonly id: string
  readonly type: "normal" | "server"
  readonly disabled: boolean
  /** Milliseconds; a session that started before it has ended. */
  readonly sessionsValidSince: number
  /** Merged metadata, `%%user.data`. */
  readonly data: Document
  /** `[{ id, provider_type, data }]`. */
  readonly identities: readonly Document[]
}

/** Finds the user of a token. Undefined: deleted. Filled by server/users. */
export interface UserStates {
  stateOf(userId: string): Promise<UserState | undefined>
}
