// Login, sessions, profile, e-mail and password, API keys: client protocol, 3.2 to 3.7.
import { ejsonText, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { Call, Reply, Route } from "./router.ts"

const empty = (status: number): Reply => ({ status })
const json = (status: number, value: Value): Reply => ({ status, json: ejsonText(value, { relaxed: true }) })

/** SOURCE: with `link=true` the identity is added to the user of the access token. */
async function logIn({ app, parameters, query, address, bearer, document }: Call): Promise<Reply> {
  const link = query["link"] === "true" ? { link: { accessToken: bearer } } : {}
  return json(200, { ...(await app.signIn.logIn(parameters["provider"] as string, document(), { address, ...link })) })
}

/** The session's user by the refresh token, for the routes of API keys. */
async function owner(call: Call): Promise<string> {
  return (await call.app.tokens.verifyRefresh(call.bearer)).userId
}

const userpass = "/app/:appId/auth/providers/local-userpass"

// SOURCE: realm-web attaches the current user's token to these, valid or not; it is not looked at.
const emailRoutes: readonly Route[] = [
  { method: "POST", path: `${userpass}/register`, handle: async (call) => (await call.app.users.userpass.register(call.document(), call.address), empty(201)) },
  { method: "POST", path: `${userpass}/confirm`, handle: async (call) => (await call.app.users.userpass.confirm(call.document()), empty(200)) },
  { method: "POST", path: `${userpass}/confirm/send`, handle: async (call) => (await call.app.users.userpass.sendConfirmation(call.document(), call.address), empty(200)) },
  { method: "POST", path: `${userpass}/confirm/call`, handle: async (call) => (await call.app.users.userpass.callConfirmation(call.document(), call.address), empty(200)) },
  { method: "POST", path: `${userpass}/reset`, handle: async (call) => (await call.app.users.userpass.reset(call.document()), empty(200)) },
  { method: "POST", path: `${userpass}/reset/send`, handle: async (call) => (await call.app.users.userpass.sendReset(call.document(), call.address), empty(200)) },
  { method: "POST", path: `${userpass}/reset/call`, handle: async (call) => (await call.app.users.userpass.callReset(call.document(), call.address), empty(200)) },
]

const keyRoutes: readonly Route[] = [
  { method: "POST", path: "/auth/api_keys", token: "refresh", handle: async (call) => json(201, await call.app.users.createApiKey(await owner(call), call.document())) },
  { method: "GET", path: "/auth/api_keys", token: "refresh", handle: async (call) => json(200, await call.app.users.listApiKeys(await owner(call))) },
  { method: "GET", path: "/auth/api_keys/:id", token: "refresh", handle: async (call) => json(200, await call.app.users.getApiKey(await owner(call), keyId(call))) },
  { method: "PUT", path: "/auth/api_keys/:id/enable", token: "refresh", handle: async (call) => (await call.app.users.setApiKeyDisabled(await owner(call), keyId(call), false), empty(204)) },
  { method: "PUT", path: "/auth/api_keys/:id/disable", token: "refresh", handle: async (call) => (await call.app.users.setApiKeyDisabled(await owner(call), keyId(call), true), empty(204)) },
  { method: "DELETE", path: "/auth/api_keys/:id", token: "refresh", handle: async (call) => (await call.app.users.deleteApiKey(await owner(call), keyId(call)), empty(204)) },
]

function keyId(call: Call): string {
  return call.parameters["id"] as string
}

export const authRoutes: readonly Route[] = [
  { method: "POST", path: "/app/:appId/auth/providers/:provider/login", handle: logIn },
  ...emailRoutes,
  {
    method: "GET",
    path: "/auth/profile",
    handle: async (call) => ({ status: 200, json: ejsonText(await call.app.signIn.profile(call.bearer)) }),
  },
  { method: "POST", path: "/auth/session", token: "refresh", handle: async (call) => json(201, { ...(await call.app.signIn.refresh(call.bearer)) }) },
  { method: "DELETE", path: "/auth/session", token: "refresh", handle: async (call) => (await call.app.signIn.logOut(call.bearer), empty(204)) },
  { method: "DELETE", path: "/auth/delete", handle: async (call) => (await call.app.signIn.deleteUser(call.bearer), empty(204)) },
  ...keyRoutes,
  {
    method: "GET",
    path: "/app/:appId/auth/providers/:provider/login",
    handle: async (call) => {
      throw new RequestError("BadRequest", `login by redirect is not supported for '${call.parameters["provider"]}'`)
    },
  },
]
