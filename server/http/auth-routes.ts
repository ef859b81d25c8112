// Login, sessions, profile, e-mail and password, API keys: client protocol, 3.2 to 3.7.
import { ejsonText, isDocument, setField, type Document, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { Call, Reply, Route } from "./router.ts"

const noDevice = "000000000000000000000000"
const empty = (status: number): Reply => ({ status })
const json = (status: number, value: Value): Reply => ({ status, json: ejsonText(value, { relaxed: true }) })

async function logIn(call: Call): Promise<Reply> {
  const provider = call.parameters["provider"] as string
  const { options, payload } = splitOptions(call.document())
  if (call.query["link"] === "true") return link(call, provider, payload)
  const login = await call.app.users.logIn(provider, payload, { address: call.address })
  const device = readDevice(options)
  const issued = await call.app.tokens.issue({
    userId: login.userId, identity: { id: login.identity.id, providerType: login.identity.providerType, providerId: login.identity.providerId },
    anonymous: login.anonymous, notBefore: login.sessionsValidSince, deviceId: device.id, device: device.info,
  })
  await call.app.announceLogin(login, issued.snapshot)
  return json(200, { access_token: issued.accessToken, refresh_token: issued.refreshToken, user_id: login.userId, device_id: device.id })
}

/** SOURCE: no new refresh token: one session, one refresh token; the user id does not change. */
async function link(call: Call, provider: string, payload: Document): Promise<Reply> {
  const grant = await call.grant()
  const login = await call.app.users.logIn(provider, payload, { address: call.address, link: grant.userId })
  const { accessToken, snapshot } = await call.app.tokens.reissue(grant)
  await call.app.announceLogin(login, snapshot)
  return json(200, { access_token: accessToken, user_id: grant.userId, device_id: grant.deviceId })
}

/** SDKs add `options` beside the credentials; providers get the credentials alone. */
function splitOptions(body: Document): { options: Document; payload: Document } {
  const payload: Document = {}
  for (const field of Object.keys(body)) if (field !== "options") setField(payload, field, body[field])
  const options = Object.hasOwn(body, "options") ? body["options"] : undefined
  return { options: isDocument(options) ? options : {}, payload }
}

/** SOURCE: no device info, zeros; info without an id, a new id; a known id is kept, it authorises nothing. */
function readDevice(options: Document): { id: string; info: Document } {
  const device = Object.hasOwn(options, "device") ? options["device"] : undefined
  if (!isDocument(device)) return { id: noDevice, info: {} }
  const given = Object.hasOwn(device, "deviceId") ? ejsonText(device["deviceId"], { objectIdAsText: true }).replaceAll('"', "") : ""
  const id = /^[0-9a-f]{24}$/i.test(given) && given !== noDevice ? given.toLowerCase() : newDeviceId()
  const info: Document = {}
  for (const field of Object.keys(device)) if (field !== "deviceId") setField(info, field, device[field])
  return { id, info }
}

function newDeviceId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex")
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
  { method: "POST", path: "/auth/api_keys", handle: async (call) => json(201, await call.app.users.createApiKey(await owner(call), call.document())) },
  { method: "GET", path: "/auth/api_keys", handle: async (call) => json(200, await call.app.users.listApiKeys(await owner(call))) },
  { method: "GET", path: "/auth/api_keys/:id", handle: async (call) => json(200, await call.app.users.getApiKey(await owner(call), keyId(call))) },
  { method: "PUT", path: "/auth/api_keys/:id/enable", handle: async (call) => (await call.app.users.setApiKeyDisabled(await owner(call), keyId(call), false), empty(204)) },
  { method: "PUT", path: "/auth/api_keys/:id/disable", handle: async (call) => (await call.app.users.setApiKeyDisabled(await owner(call), keyId(call), true), empty(204)) },
  { method: "DELETE", path: "/auth/api_keys/:id", handle: async (call) => (await call.app.users.deleteApiKey(await owner(call), keyId(call)), empty(204)) },
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
    handle: async (call) => ({ status: 200, json: ejsonText(await call.app.users.profile((await call.grant()).userId)) }),
  },
  { method: "POST", path: "/auth/session", handle: async (call) => json(201, { access_token: (await call.app.tokens.refresh(call.bearer)).accessToken }) },
  { method: "DELETE", path: "/auth/session", handle: async (call) => (await call.app.tokens.logOut(call.bearer), empty(204)) },
  { method: "DELETE", path: "/auth/delete", handle: async (call) => (await call.app.users.delete((await call.grant()).userId), empty(204)) },
  ...keyRoutes,
  {
    method: "GET",
    path: "/app/:appId/auth/providers/:provider/login",
    handle: async (call) => {
      throw new RequestError("BadRequest", `login by redirect is not supported for '${call.parameters["provider"]}'`)
    },
  },
]
