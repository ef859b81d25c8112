// Runs every case of fixtures/tokens through the services. See the fixture's own `schema` for what each field means.
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { fromEjson, toEjson, type Document, type Json } from "../../kernel/index.ts"
import { errorReply } from "../../server/http/error-response.ts"
import { createTokenService } from "../../server/tokens/index.ts"
import { checkCustomData, systemUser, type CustomDataConfig } from "../../server/users/index.ts"
import { memoryState } from "../server/users/memory-state.ts"
import { email, embeddedDocuments, memoryDocuments, openWorld, password, type CaseCollection, type CaseSettings } from "./tokens-world.ts"

type Raw = Record<string, Json>
type Expected = Raw & { readonly error?: { readonly status: number; readonly error_code?: string } }
type Step = Raw & { readonly op: string; readonly session?: string; readonly expect?: Expected }
type Case = Raw & { readonly id: string; readonly name: string; readonly steps?: Step[]; readonly expect?: Expected; readonly requires?: string[] }

const file = JSON.parse(readFileSync(new URL("../../fixtures/tokens/tokens.json", import.meta.url), "utf8")) as { defaults: Raw; cases: Case[] }
const knownFailures = JSON.parse(readFileSync(new URL("tokens.known-failures.json", import.meta.url), "utf8")) as Record<string, string>

interface Session { accessToken: string; refreshToken: string }

function readConfig(raw: Raw | null): CustomDataConfig | undefined {
  if (raw === null) return undefined
  const text = (key: string): string => (typeof raw[key] === "string" ? raw[key] : "")
  const onUserCreationFunction = raw["on_user_creation_function_name"]
  return {
    enabled: raw["enabled"] === true, dataSource: text("mongo_service_name"), database: text("database_name"), collection: text("collection_name"), userIdField: text("user_id_field"),
    onUserCreationFunction: typeof onUserCreationFunction === "string" ? onUserCreationFunction : undefined,
  }
}

function payloadOf(token: string): Raw {
  return JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString("utf8")) as Raw
}

/** What an administrator's deploy or deletion would be told. */
function deploy(config: CustomDataConfig | undefined, sources = ["mongodb-atlas"], functions = ["onCreate"]): void {
  const errors = checkCustomData(config, { dataSources: new Set(sources), functions: new Set(functions) }).filter(({ severity }) => severity === "error")
  if (errors.length > 0) throw Object.assign(new Error(errors[0]?.message), { statusCode: 400 })
}

/** Runs one case; throws at the first expectation that does not hold. */
async function runCase(each: Case, documents: CaseCollection): Promise<void> {
  const { defaults } = file
  const user = { ...(defaults["user"] as Raw), ...(each["user"] as Raw | undefined) }
  let rawConfig = each["config"] === null ? null : { ...(defaults["config"] as Raw), ...(each["config"] as Raw | undefined) }
  const settings: CaseSettings = {
    userId: user["id"] as string, config: readConfig(rawConfig), policy: { ...(defaults["policy"] as Raw), ...(each["policy"] as Raw | undefined) } as unknown as CaseSettings["policy"],
    refreshTokenSeconds: (each["refresh_token_seconds"] ?? defaults["refresh_token_seconds"]) as number, creationFunction: each["creation_function"] as CaseSettings["creationFunction"],
    start: new Date(defaults["clock"] as string),
  }
  const { world, state, users, tokens, signIn, customData, passwords } = openWorld(settings, documents)
  const raw = (typeof each["collection_text"] === "string" ? JSON.parse(each["collection_text"]) : (each["collection"] ?? [])) as Json[]
  const initial = raw.map((document) => fromEjson(document) as Document)
  const fill = each["fill"] as { index: number; field: string; length: number } | undefined
  if (fill !== undefined) (initial[fill.index] as Document)[fill.field] = "x".repeat(fill.length)
  for (const document of initial) await documents.insert(document)

  const steps = each.steps ?? [{ op: "login", expect: each.expect ?? {} }]
  const first = steps.find(({ op }) => op === "login")?.["provider"] ?? "local-userpass"
  let key = ""
  if (user["new"] === true || first === "anon-user") {
    await users.userpass.register({ email, password }, "127.0.0.1")
  } else {
    await users.administration.import({ id: settings.userId, email, passwordHash: await passwords.hash(password) })
    key = (await users.createApiKey(settings.userId, { name: "key" }))["key"] as string
  }
  const credentials: Record<string, Document> = { "local-userpass": { username: email, password }, "anon-user": {}, "api-key": { key } }
  const sessions = new Map<string, Session>()
  const sessionOf = (step: Step): Session => sessions.get(step.session ?? "s1") as Session
  const customDataOf = async (accessToken: string): Promise<Json> => toEjson((await tokens.verifyAccess(accessToken)).customData)

  async function present(step: Step): Promise<Json> {
    const session = sessionOf(step)
    let token = step["token"] === "access" ? session.accessToken : session.refreshToken
    const tamper = step["tamper"] as { header?: Raw } & Raw | undefined
    if (tamper !== undefined) {
      const [header, payload, signature] = token.split(".") as [string, string, string]
      const { header: changedHeader, ...claims } = tamper
      const encode = (part: string, changes: Raw): string => Buffer.from(JSON.stringify({ ...(JSON.parse(Buffer.from(part, "base64url").toString()) as Raw), ...changes })).toString("base64url")
      token = `${encode(header, changedHeader ?? {})}.${encode(payload, claims)}.${changedHeader?.["alg"] === "none" ? "" : signature}`
    }
    if (step["from_app"] !== undefined) {
      const other = createTokenService({ collections: memoryState(), snapshots: { keepsPrevious: false, claimFor: async () => ({ json: undefined, takenAt: world.now }) }, users, domainId: "64a000000000000000000002", log: { warn: () => undefined }, clock: () => world.now })
      const issued = await other.issue({ userId: settings.userId, identity: { id: "i", providerType: "local-userpass", providerId: "p" }, anonymous: false })
      token = step["token"] === "access" ? issued.accessToken : issued.refreshToken
    }
    if (step["to"] === "call") return customDataOf(token)
    if (step["to"] === "refresh") return payloadOf((await signIn.refresh(token)).access_token)
    throw new TypeError(`no such target ${String(step["to"])}`)
  }

  async function perform(step: Step): Promise<{ customData?: Json; documents?: number }> {
    const where = step["where"] === undefined ? {} : (fromEjson(step["where"]) as Document)
    switch (step.op) {
      case "login": {
        const reply = await signIn.logIn((step["provider"] as string | undefined) ?? "local-userpass", credentials[(step["provider"] as string | undefined) ?? "local-userpass"] as Document, { address: "127.0.0.1" })
        sessions.set(step.session ?? "s1", { accessToken: reply.access_token, refreshToken: reply.refresh_token as string })
        return {}
      }
      case "link": {
        const reply = await signIn.logIn(step["provider"] as string, credentials[step["provider"] as string] as Document, { address: "127.0.0.1", link: { accessToken: sessionOf(step).accessToken } })
        sessionOf(step).accessToken = reply.access_token
        return {}
      }
      case "refresh": {
        const replies = await Promise.all(Array.from({ length: (step["times"] as number | undefined) ?? 1 }, () => signIn.refresh(sessionOf(step).refreshToken)))
        for (const reply of replies) if (step.expect !== undefined && "claim" in step.expect) expect(payloadOf(reply.access_token)["user_data"] ?? null).toEqual(step.expect["claim"])
        sessionOf(step).accessToken = replies.at(-1)?.access_token as string
        return {}
      }
      case "logout": await signIn.logOut(sessionOf(step).refreshToken); return {}
      case "call": return { customData: step["as"] === "system" ? toEjson(systemUser()["custom_data"]) : await customDataOf(sessionOf(step).accessToken) }
      case "endpoint": return { customData: step["fetch_custom_user_data"] === true ? toEjson(await customData.documentFor(settings.userId)) : {} }
      case "insert": await documents.insert(fromEjson(step["document"]) as Document); return {}
      case "replace": await documents.replace(where, fromEjson(step["document"]) as Document); return {}
      case "update": await documents.update(where, fromEjson(step["set"]) as Document); return {}
      case "delete": await documents.delete(where); return {}
      case "count_documents": return { documents: await documents.count() }
      case "configure": {
        const next = { ...rawConfig, ...(step["set"] as Raw) }
        deploy(readConfig(next))
        rawConfig = next
        world.config = readConfig(next)
        return {}
      }
      case "delete_data_source": deploy(world.config, ["mongodb-atlas"].filter((name) => name !== step["name"])); return {}
      case "delete_function": deploy(world.config, ["mongodb-atlas"], ["onCreate"].filter((name) => name !== step["name"])); return {}
      case "advance": world.now = new Date(world.now.getTime() + (step["seconds"] as number) * 1000); return {}
      case "database": world.down = step["state"] === "down"; return {}
      case "user": {
        const { disable, enable, revokeSessions: revoke, delete: remove } = users.administration
        await (({ disable, enable, revoke, delete: remove })[step["action"] as "disable"])(settings.userId)
        return {}
      }
      case "run_triggers": {
        for (const { operationType } of world.events.splice(0)) {
          for (const trigger of (each["triggers"] ?? []) as Raw[]) {
            if (trigger["operation_type"] !== operationType) continue
            if (trigger["insert"] !== undefined) await documents.insert(fromEjson(trigger["insert"]) as Document)
            else await documents.update(fromEjson(trigger["where"]) as Document, fromEjson(trigger["set"]) as Document)
          }
        }
        return {}
      }
      case "present": return { customData: await present(step) }
      default: throw new TypeError(`no such operation ${step.op}`)
    }
  }

  for (const step of steps) {
    world.warnings.length = 0
    const before = { users: (await state.users.find({})).length, sessions: (await state.sessions.find({})).length }
    let failure: { status: number; error_code: string } | undefined
    let result: { customData?: Json; documents?: number } = {}
    try {
      result = await perform(step)
    } catch (error) {
      if (error instanceof TypeError) throw error
      const { status, body } = errorReply(error)
      failure = { status, error_code: body.error_code }
    }
    const expected = step.expect ?? {}
    if (expected.error === undefined) expect(failure).toBeUndefined()
    for (const [what, value] of Object.entries(expected)) {
      const accessToken = sessions.get(step.session ?? "s1")?.accessToken ?? ""
      switch (what) {
        case "error": expect(failure).toMatchObject(value as object); break
        case "claim":
          expect(payloadOf(accessToken)["user_data"] ?? null).toEqual(value)
          if (value === null) expect(payloadOf(accessToken)).not.toHaveProperty("user_data")
          if (!("custom_data" in expected)) expect(await customDataOf(accessToken)).toEqual(value ?? {})
          break
        case "claim_text": expect(Buffer.from(accessToken.split(".")[1] as string, "base64url").toString()).toContain(`"user_data":${value as string}`); break
        case "claim_keys": expect(Object.keys(payloadOf(accessToken)["user_data"] as Raw)).toEqual(value); break
        case "claim_bytes": {
          const bytes = Buffer.byteLength(JSON.stringify(payloadOf(accessToken)["user_data"]))
          const { min = 0, max = Number.POSITIVE_INFINITY } = value as { min?: number; max?: number }
          expect(bytes >= min && bytes <= max).toBe(true)
          break
        }
        case "claims": {
          const { lifetime, ...others } = value as Raw
          expect(payloadOf(accessToken)).toMatchObject(others)
          if (lifetime !== undefined) expect((payloadOf(accessToken)["exp"] as number) - (payloadOf(accessToken)["iat"] as number)).toBe(lifetime)
          break
        }
        case "refresh_claims": {
          const claims = payloadOf(sessionOf(step).refreshToken)
          for (const [name, claim] of Object.entries(value as Raw)) expect(claims[name] ?? null).toEqual(claim)
          break
        }
        case "custom_data": expect(result.customData ?? (await customDataOf(accessToken))).toEqual(value); break
        case "created": expect((await state.users.find({})).length - before.users).toBe(value === true ? 1 : 0); break
        case "session":
          expect((await state.sessions.find({})).length).toBe(before.sessions)
          if (value === "kept") expect((await state.sessions.find({})).every((session) => session["ended"] === false)).toBe(true)
          break
        case "documents": expect(result.documents ?? (await documents.count())).toBe(value); break
        case "warning": expect(world.warnings).toEqual(value === null ? [] : [value]); break
        default: throw new TypeError(`no such expectation ${what}`)
      }
    }
  }
}

const stores: Record<string, () => CaseCollection> = { "collections in memory": memoryDocuments, "the embedded store": embeddedDocuments }

describe.each(Object.keys(stores))("tokens over %s", (name) => {
  test("every case of the fixture is here", () => expect(file.cases).toHaveLength(101))
  for (const each of file.cases) {
    const run = Object.hasOwn(knownFailures, each.id) ? test.fails : test
    run(`${each.id} ${each.name}`, async ({ skip }) => {
      const documents = (stores[name] as () => CaseCollection)()
      try {
        if (each.requires?.some((feature) => !documents.features.includes(feature)) === true) skip()
        await runCase(each, documents)
      } finally {
        await documents.close()
      }
    })
  }
})
