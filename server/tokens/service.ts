// The token service of one app: issue, verify, refresh, end (specification of users, 3).
import type { JWK } from "jose"
import { systemClock, type Clock, type Document } from "../../kernel/index.ts"
import { noSession, RequestError } from "../errors.ts"
import type { UserLog } from "../users/index.ts"
import { createRecentCache } from "./cache.ts"
import { newSessionId, noDevice, signAccessToken, signRefreshToken, type AccessToken, type Claims, type RefreshToken, type SessionIdentity } from "./encode.ts"
import { createKeyRing, type KeyRing, type TokenAlgorithm } from "./keys.ts"
import { createLiveSessions, mayGoOn } from "./live-sessions.ts"
import { createLoopBreaker } from "./loop-breaker.ts"
import type { Snapshot, SnapshotSource, TokenCollections, UserState, UserStates } from "./ports.ts"
import { createSessions, digestOf, type SessionRecord, type Sessions } from "./sessions.ts"
import { createVerifier, type TokenFault, type Verified } from "./verify.ts"

/** How far an access token is checked beyond signature and expiry; see the specification of users, 3.4. */
export type AccessTokenCheck = "signature" | "user" | "session"

export interface TokenServiceOptions {
  readonly collections: TokenCollections
  readonly snapshots: SnapshotSource
  readonly users: UserStates
  /** Internal id of the app's domain, 24 hexadecimal digits. */
  readonly domainId: string
  readonly log: UserLog
  readonly clock?: Clock
  readonly algorithm?: TokenAlgorithm
  readonly accessTokenCheck?: AccessTokenCheck
  /** Read for each token, so that a changed setting acts on the next one. Default 60 days. */
  readonly refreshTokenSeconds?: () => number
  /** How long refresh tokens under a retired key work. Default five years. */
  readonly retiredKeySeconds?: number
  readonly maxSessionsPerUser?: number
  /** Access tokens one refresh token may ask for in a minute. Default 30. */
  readonly refreshesPerMinute?: number
  /** How old the state of a user or session may be when an access token is checked. Default and most: 5000. */
  readonly stateAgeMs?: number
}

/** What a session is made of. */
export interface SessionRequest {
  readonly userId: string
  readonly identity: SessionIdentity
  readonly deviceId?: string
  readonly device?: Document
  /** An anonymous user's refresh token does not end. */
  readonly anonymous: boolean
  /** Milliseconds; the session counts as started no earlier, so that it outlives a revocation of the same moment. */
  readonly notBefore?: number
}

export interface IssuedTokens {
  readonly accessToken: AccessToken
  readonly refreshToken: RefreshToken
  readonly sessionId: string
  readonly snapshot: Snapshot
}

/** The bearer of a good access token. */
export interface AccessGrant {
  readonly userId: string
  readonly sessionId: string
  readonly deviceId: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** `context.user.custom_data` and `%%user.custom_data`: as it was when the token was made. INVARIANT: frozen and shared. */
  readonly customData: Document
  /** Undefined only with `accessTokenCheck: "signature"`. */
  readonly user: UserState | undefined
}

export interface TokenService {
  readonly keys: KeyRing
  readonly sessions: Sessions
  /** Starts a session. Rejects, leaving none, when the snapshot cannot be taken. */
  issue(request: SessionRequest): Promise<IssuedTokens>
  /** A further access token for the session of another, with a new snapshot; for linking. */
  reissue(grant: AccessGrant): Promise<{ readonly accessToken: AccessToken; readonly snapshot: Snapshot }>
  verifyAccess(token: string | undefined): Promise<AccessGrant>
  /** The bearer of a good refresh token, for the routes that take one. */
  verifyRefresh(token: string | undefined): Promise<{ readonly userId: string; readonly sessionId: string; readonly deviceId: string }>
  refresh(token: string | undefined): Promise<{ readonly accessToken: AccessToken; readonly snapshot: Snapshot }>
  /** Ends the session of this refresh token alone, and resolves to its user. */
  logOut(token: string | undefined): Promise<{ readonly userId: string }>
  /** Forgets what is cached of a user. */
  userChanged(userId: string): void
  /** Ends every session of a user that was revoked, disabled or deleted; resolves to when the newest that is known started, in milliseconds, or 0. */
  endAll(userId: string): Promise<number>
  lastActivity(userId: string): Promise<Date | undefined>
  /** The user's state as of a few seconds ago at most. */
  stateOf(userId: string): Promise<UserState | undefined>
  /** What an administrator sees of an access token: its claims, or that it is expired. */
  inspect(token: string): Promise<{ readonly expired: true } | { readonly expired: false; readonly claims: Claims }>
  jwks(): Promise<{ keys: JWK[] }>
  /** Deletes expired sessions and keys no longer of use. */
  sweep(): Promise<void>
  /** Resolves when everything noted has been stored. */
  close(): Promise<void>
}

export const accessTokenSeconds = 1800
/** SOURCE: recorded tokens of anonymous users: fifty years of 365 days. */
export const anonymousRefreshSeconds = 1_576_800_000
export const defaultRefreshTokenSeconds = 5_184_000
const fiveYears = 157_680_000

/** Makes the token service. */
export function createTokenService(options: TokenServiceOptions): TokenService {
  const { collections, snapshots, users, domainId, log, clock = systemClock, algorithm = "HS256", accessTokenCheck = "user", maxSessionsPerUser } = options
  const { refreshTokenSeconds = () => defaultRefreshTokenSeconds, retiredKeySeconds = fiveYears, refreshesPerMinute = 30, stateAgeMs = 5000 } = options
  const ring = createKeyRing({ keys: collections.keys, algorithm, clock, log, accessTokenSeconds })
  const sessions = createSessions({ collection: collections.sessions, clock, log })
  const verifier = createVerifier({ ring, domainId, clock, accessTokenSeconds, retiredKeySeconds })
  const breaker = createLoopBreaker({ limit: refreshesPerMinute, clock })
  const recent = { maxAgeMs: Math.min(stateAgeMs, 5000), now: () => clock().getTime() }
  const states = createRecentCache({ read: (userId) => users.stateOf(userId), ...recent })
  const goesOn = createRecentCache({ read: async (sessionId) => (await sessions.find(sessionId))?.ended === false, ...recent })
  const live = createLiveSessions({ sessions, users, clock, maxAgeMs: recent.maxAgeMs, keepsRecords: !snapshots.keepsPrevious })
  const seconds = (): number => Math.floor(clock().getTime() / 1000)

  async function issue({ userId, identity, deviceId = noDevice, device = {}, anonymous, notBefore = 0 }: SessionRequest): Promise<IssuedTokens> {
    const [snapshot, key] = await Promise.all([snapshots.claimFor(userId), ring.current()])
    const start = Math.max(clock().getTime(), notBefore)
    const issuedAt = seconds()
    const lifetime = anonymous ? anonymousRefreshSeconds : refreshTokenSeconds()
    for (;;) {
      const subject = { userId, sessionId: newSessionId(start), deviceId, domainId }
      const refreshToken = await signRefreshToken(subject, identity, issuedAt, lifetime, key)
      const accessToken = await signAccessToken(subject, snapshot.json, issuedAt, accessTokenSeconds, key)
      const session = { id: subject.sessionId, userId, deviceId, device, identity, digest: digestOf(refreshToken), created: new Date(start), expires: new Date((issuedAt + lifetime) * 1000) }
      const stored = await sessions.store({ ...session, snapshot })
      if (!stored) continue
      if (maxSessionsPerUser !== undefined) forgetSessions(await sessions.keepNewest(userId, maxSessionsPerUser))
      return { accessToken, refreshToken, sessionId: subject.sessionId, snapshot }
    }
  }

  async function liveSession(token: string | undefined): Promise<{ verified: Verified; session: SessionRecord }> {
    if (token === undefined) throw missing()
    const verified = await verifier.verify(token, "refresh", refuseRefresh)
    const session = await live.find(verified.claims, verified.digest)
    // SOURCE: specification 3.5: not `UserDisabled` for a disabled user; realm-web would keep the dead tokens.
    if (session === undefined) throw noSession()
    return { verified, session }
  }

  function forgetSessions(ids: readonly string[]): void {
    for (const id of ids) {
      goesOn.forget(id)
      live.forget(id)
    }
  }

  return {
    keys: ring,
    sessions,
    issue,
    async reissue(grant) {
      const session = await sessions.find(grant.sessionId)
      if (session === undefined || session.ended) throw new RequestError("InvalidSession", "invalid session")
      const [snapshot, key] = await Promise.all([snapshots.claimFor(grant.userId, session.snapshot), ring.current()])
      const accessToken = await signAccessToken({ ...grant, domainId }, snapshot.json, seconds(), accessTokenSeconds, key)
      await sessions.remember(session.id, snapshot)
      live.forget(session.id)
      return { accessToken, snapshot }
    },
    async verifyAccess(token) {
      if (token === undefined) throw missing()
      const { claims, customData } = await verifier.verify(token, "access", refuseAccess)
      const { sub: userId, sessionId, deviceId, iat: issuedAt, exp: expiresAt } = claims
      const user = accessTokenCheck === "signature" ? undefined : await states.get(userId)
      if (accessTokenCheck !== "signature" && !mayGoOn(user, sessionId)) throw new RequestError("InvalidSession", "invalid session")
      if (accessTokenCheck === "session" && !(await goesOn.get(sessionId))) throw new RequestError("InvalidSession", "invalid session")
      return { userId, sessionId, deviceId, issuedAt, expiresAt, customData, user }
    },
    async verifyRefresh(token) {
      const { verified } = await liveSession(token)
      return { userId: verified.claims.sub, sessionId: verified.claims.sessionId, deviceId: verified.claims.deviceId }
    },
    async refresh(token) {
      const { verified: { claims }, session } = await liveSession(token)
      breaker.take(claims.sessionId)
      const [snapshot, key] = await Promise.all([snapshots.claimFor(claims.sub, session.snapshot), ring.current()])
      const accessToken = await signAccessToken({ userId: claims.sub, sessionId: session.id, deviceId: claims.deviceId, domainId }, snapshot.json, seconds(), accessTokenSeconds, key)
      if (snapshots.keepsPrevious) await sessions.remember(session.id, snapshot)
      else live.note(session, snapshot)
      return { accessToken, snapshot }
    },
    async logOut(token) {
      if (token === undefined) throw missing()
      const { claims, digest } = await verifier.verify(token, "refresh", refuseRefresh)
      if (!(await sessions.end(claims.sessionId, digest))) throw noSession()
      forgetSessions([claims.sessionId])
      return { userId: claims.sub }
    },
    userChanged: (userId) => states.forget(userId),
    async endAll(userId) {
      const { ended, newest } = await sessions.endAll(userId)
      forgetSessions(ended)
      return newest
    },
    lastActivity: (userId) => sessions.lastActivity(userId),
    stateOf: (userId) => states.get(userId),
    async inspect(token) {
      let expired = false
      const checked = await verifier.verify(token, "access", (fault) => {
        expired = fault === "expired"
        return refuseAccess(fault)
      }).catch((error: unknown) => {
        if (expired) return undefined
        throw error
      })
      return checked === undefined ? { expired: true } : { expired: false, claims: checked.claims }
    },
    jwks: () => ring.jwks(),
    async sweep() {
      await sessions.sweep()
      await ring.sweep(retiredKeySeconds)
    },
    close: () => sessions.flush(),
  }
}

function missing(): RequestError {
  return new RequestError("MissingAuthReq", "must authenticate first")
}

function refuseAccess(fault: TokenFault): RequestError {
  if (fault === "expired") return new RequestError("InvalidSession", "invalid session: access token expired")
  if (fault === "wrong-type") return new RequestError("InvalidSession", "invalid session: incorrect token type")
  return new RequestError("InvalidSession", "unauthorized")
}

function refuseRefresh(fault: TokenFault): RequestError {
  return fault === "wrong-type" ? new RequestError("InvalidSession", "invalid refresh token: incorrect token type") : noSession()
}
