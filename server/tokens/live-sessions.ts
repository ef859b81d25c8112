// Which refresh tokens still stand for a session, without reading session and user at each refresh.
//
// A session is read once in a process, together with its user, and then trusted until it is heard to have ended. What ends
// sessions (logging out, revoking, disabling, deleting) marks each record with the time, so one small read every few seconds
// tells this process what others ended. See docs/decisions/0241.
import { timingSafeEqual } from "node:crypto"
import type { Clock } from "../../kernel/index.ts"
import { sessionStart, type Claims } from "./encode.ts"
import type { Snapshot, UserState, UserStates } from "./ports.ts"
import type { SessionRecord, Sessions } from "./sessions.ts"

export interface LiveSessions {
  /** The session of a verified refresh token; undefined when it, or its user, allows no more. */
  find(claims: Claims, digest: string): Promise<SessionRecord | undefined>
  /** Notes a refresh and its snapshot; not waited for. */
  note(session: SessionRecord, snapshot: Snapshot): void
  forget(sessionId: string): void
}

/** Clocks of a fleet may differ by this much, and a write may take as long to become visible. */
const marginMs = 60_000
/** Records of ended sessions are kept for a day; whoever heard nothing for half of that starts anew. */
const deafMs = 43_200_000

/** Makes the table. `keepsRecords: false` reads session and user each time. */
export function createLiveSessions({ sessions, users, clock, maxAgeMs, keepsRecords, maxEntries = 50_000 }: {
  readonly sessions: Sessions; readonly users: UserStates; readonly clock: Clock; readonly maxAgeMs: number; readonly keepsRecords: boolean; readonly maxEntries?: number
}): LiveSessions {
  const table = new Map<string, SessionRecord>()
  // An empty table is up to date.
  let heardAt = performance.now()
  let heardTo = clock()
  let hearing: Promise<void> | undefined
  /** How many endings were heard of; a session read across one is not kept. */
  let endings = 0

  /** Learns what other processes ended. While that fails nothing known is trusted, since the failure rejects. */
  function hear(): Promise<void> {
    hearing ??= (async () => {
      const [at, to] = [performance.now(), clock()]
      for (const id of await sessions.endedSince(new Date(heardTo.getTime() - marginMs))) forget(id)
      heardAt = at
      heardTo = to
    })().finally(() => {
      hearing = undefined
    })
    return hearing
  }

  function forget(sessionId: string): void {
    endings += 1
    table.delete(sessionId)
  }

  async function read(claims: Claims): Promise<SessionRecord | undefined> {
    const before = endings
    const [session, state] = await Promise.all([sessions.find(claims.sessionId), users.stateOf(claims.sub)])
    if (session === undefined || session.ended || session.userId !== claims.sub || !mayGoOn(state, session.id)) return undefined
    if (keepsRecords && endings === before) {
      if (table.size >= maxEntries) table.delete(table.keys().next().value as string)
      // A table of sessions has no room for copies of custom data.
      table.set(session.id, { ...session, snapshot: undefined })
    }
    return session
  }

  return {
    async find(claims, digest) {
      const silence = performance.now() - heardAt
      if (silence > deafMs) table.clear()
      if (table.size === 0) [heardAt, heardTo] = [performance.now(), clock()]
      else if (silence >= maxAgeMs) await hear()
      const session = table.get(claims.sessionId) ?? (await read(claims))
      if (session === undefined || session.userId !== claims.sub || !equalDigests(session.digest, digest) || clock().getTime() >= session.expires.getTime() + 5000) return undefined
      return session
    },
    note(session, snapshot) {
      const noted = sessions.note(session, snapshot)
      if (noted === undefined || !table.has(session.id)) return
      table.set(session.id, { ...noted.session, snapshot: undefined })
      // What was not stored is read again, so that the next refresh notes it.
      void noted.stored.then((isStored) => isStored || table.delete(session.id))
    },
    forget,
  }
}

/** Whether a user may go on with a session: exists, is enabled, and was not revoked after the session started. */
export function mayGoOn(user: UserState | undefined, sessionId: string): boolean {
  return user !== undefined && !user.disabled && (sessionStart(sessionId) ?? 0) >= user.sessionsValidSince
}

function equalDigests(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}
