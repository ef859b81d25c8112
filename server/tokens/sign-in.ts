// Login, link, refresh and the rest as the client API has them: users find who it is, tokens say so. A handler parses, calls, replies.
import { getField, isDocument, systemClock, type Clock, type Document, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { AuthEventSink, Users } from "../users/index.ts"
import { newId, noDevice } from "./encode.ts"
import type { TokenService } from "./service.ts"

export interface SignInOptions {
  readonly users: Users
  readonly tokens: TokenService
  /** The claim's JSON, decoded: `decodeSnapshot` of server/users. */
  readonly decode: (claim: unknown) => Document
  /** The extension LOGOUT event; leave it out to have none. */
  readonly onLogOut?: AuthEventSink
  /** Whether {@link onLogOut} wants events now; by default it does when it is there. */
  readonly wantsLogOuts?: () => boolean
  readonly clock?: Clock
}

/** The reply of a login; the names are the wire's. */
export type LoginReply = { readonly access_token: string; readonly refresh_token?: string; readonly user_id: string; readonly device_id: string }

export interface SignIn {
  /** `POST …/auth/providers/{provider}/login`; with `accessToken`, the same with `link=true`. */
  logIn(provider: string, payload: Document, request: { readonly address: string; readonly link?: { readonly accessToken: string | undefined } }): Promise<LoginReply>
  /** `POST /auth/session`. */
  refresh(refreshToken: string | undefined): Promise<{ readonly access_token: string }>
  /** `DELETE /auth/session`. */
  logOut(refreshToken: string | undefined): Promise<void>
  /** `GET /auth/profile`. */
  profile(accessToken: string | undefined): Promise<Document>
  /** `DELETE /auth/delete`. */
  deleteUser(accessToken: string | undefined): Promise<void>
}

/** Joins the users and the token service of one app. */
export function createSignIn({ users, tokens, decode, onLogOut, wantsLogOuts = () => true, clock = systemClock }: SignInOptions): SignIn {
  return {
    async logIn(provider, payload, { address, link }) {
      const grant = link === undefined ? undefined : await tokens.verifyAccess(link.accessToken)
      const login = await users.logIn(provider, payload, { address, ...(grant === undefined ? {} : { link: grant.userId }) })
      // INVARIANT: credentials → creation function → user → custom data → session → tokens → events → reply.
      if (grant !== undefined) {
        // SOURCE: specification 2.4: one session, one refresh token; only the access token is new.
        const { accessToken, snapshot } = await tokens.reissue(grant)
        await users.announce(login, decode(snapshot.json === undefined ? undefined : JSON.parse(snapshot.json)))
        return { access_token: accessToken, user_id: login.userId, device_id: grant.deviceId }
      }
      const { id: deviceId, about: device } = readDevice(payload, clock())
      const { identity, userId, anonymous, sessionsValidSince: notBefore } = login
      const { accessToken, refreshToken, snapshot } = await tokens.issue({ userId, identity, anonymous, notBefore, deviceId, device })
      await users.announce(login, decode(snapshot.json === undefined ? undefined : JSON.parse(snapshot.json)))
      return { access_token: accessToken, refresh_token: refreshToken, user_id: userId, device_id: deviceId }
    },
    async refresh(refreshToken) {
      return { access_token: (await tokens.refresh(refreshToken)).accessToken }
    },
    async logOut(refreshToken) {
      const { userId } = await tokens.logOut(refreshToken)
      if (onLogOut === undefined || !wantsLogOuts()) return
      const user = await users.stateOf(userId)
      if (user === undefined) return
      const { id, type, data, identities } = user
      const providers = [...new Set(identities.map((identity) => String(identity["provider_type"])))]
      await onLogOut({ operationType: "LOGOUT", providers, user: { id, type, data, custom_data: {}, identities: identities as Document[] }, time: clock() })
    },
    async profile(accessToken) {
      return users.profile((await tokens.verifyAccess(accessToken)).userId)
    },
    async deleteUser(accessToken) {
      const { userId } = await tokens.verifyAccess(accessToken)
      await users.delete(userId)
    },
  }
}

const deviceFields = ["appId", "appVersion", "platform", "platformVersion", "sdk", "sdkVersion", "cpuArch", "deviceName", "deviceVersion", "frameworkName", "frameworkVersion", "coreVersion", "bundleId"]
const longestField = 256

/**
 * What a login body tells of its device. A known id is kept, whoever had it before; information without an id gets a new one;
 * no information gives zeros. SOURCE: realm-web throws when `device_id` is null.
 */
export function readDevice(payload: Document, now: Date): { readonly id: string; readonly about: Document } {
  const device = member(member(payload, "options"), "device")
  if (!isDocument(device)) return { id: noDevice, about: {} }
  const about: Document = {}
  for (const field of deviceFields) {
    const value = member(device, field)
    if (typeof value === "string") about[field] = value.slice(0, longestField)
  }
  const given = member(device, "deviceId")
  const id = typeof given === "string" ? given : typeof given === "object" && given !== null && "toHexString" in given ? String(given) : ""
  return { id: /^[0-9a-f]{24}$/.test(id) && id !== noDevice ? id : newId(Math.floor(now.getTime() / 1000)), about }
}

function member(of: Value, field: string): Value {
  return isDocument(of) ? getField(of, field) : undefined
}

/** Reads an `Authorization` header. The scheme is read in any case; without it, or with more than one token, it is no token. */
export function readBearer(header: string | undefined): string | undefined {
  if (header === undefined || header === "") return undefined
  const match = /^bearer +(\S+) *$/i.exec(header)
  if (match === null) throw new RequestError("InvalidSession", "unauthorized")
  return match[1]
}
