// The operator's settings: what is not in an exported app and must not be, in one JSON file outside of it.
import { readFile } from "node:fs/promises"
import { isIP } from "node:net"
import type { JsonPointer } from "../kernel/index.ts"
import { ConfigError } from "./errors.ts"
import type { InsertionOrder } from "./storage/index.ts"
import { fields, flag, list, named, SettingFault, text, whole, word, type Reader } from "./settings-reader.ts"

const uri: Reader<string> = (value, pointer) => {
  const given = text(value, pointer)
  if (!/^mongodb(\+srv)?:\/\/./.test(given)) throw new SettingFault(pointer, "it is no MongoDB URI")
  return given
}

const url: Reader<string> = (value, pointer) => {
  const given = text(value, pointer)
  if (!/^https?:\/\//.test(given) || !URL.canParse(given)) throw new SettingFault(pointer, "it is no http or https address")
  return given
}

const proxyNames = new Set(["loopback", "linklocal", "uniquelocal"])
const network: Reader<string> = (value, pointer) => {
  const given = text(value, pointer)
  const [address = "", bits, ...rest] = given.split("/")
  const most = isIP(address) === 6 ? 128 : 32
  const isNetwork = rest.length === 0 && isIP(address) !== 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= most))
  if (!proxyNames.has(given) && !isNetwork) throw new SettingFault(pointer, "it is no address, network (`10.0.0.0/8`), `loopback`, `linklocal` or `uniquelocal`")
  return given
}

const token = (least: number): Reader<string> => (value, pointer) => {
  const given = text(value, pointer)
  if (given.length < least || !/^[\x21-\x7e]+$/.test(given)) throw new SettingFault(pointer, `it is not at least ${least} visible ASCII characters`)
  return given
}

const metricsToken = token(16)
const operatorToken = token(32)

const insertionOrder: Reader<InsertionOrder> = (value, pointer) => {
  if (typeof value !== "object") return word("record", "_id")(value, pointer)
  const { field } = fields({ field: text })(value, pointer)
  if (field === undefined) throw new SettingFault(pointer, "it names no `field`")
  return { field }
}

/** In base64url, with the rest of the token and some headers beside it, what requests may have: 128 KiB of headers. */
const mostClaimBytes = 92_160

const limits = fields({
  wallMs: whole(1), cpuMs: whole(1), memoryMb: whole(16), resultBytes: whole(1), executeDepth: whole(1), executions: whole(1), outstandingOperations: whole(1),
})

/** SOURCE: specification of rules, 21; `RuleSettings` says what each means. */
const rules = fields({
  roleAfterWrite: word("writes", "any", "none"), hiddenOnWrite: word("skip", "refuse"), queryOnUnreadable: word("no-match", "match"), absentDocumentFilter: word("deny", "grant"),
  writeFalse: word("final", "fields"), absentSearch: word("deny", "grant"), alwaysShowId: flag,
})

const readSetting = fields({
  mongodb: uri,
  dataSources: named(uri),
  functions: fields({ isolation: word("context", "isolate"), executors: whole(1), limits, functionLimits: named(limits), errorText: word("plain", "json"), openHosts: list(text), httpResponseBytes: whole(1), packages: fields({ bundleMs: whole(1), bundleMemoryMb: whole(64), bundleBytes: whole(1), archiveBytes: whole(1) }) }),
  tokens: fields({
    algorithm: word("HS256", "ES256", "EdDSA"), accessTokenCheck: word("signature", "user", "session"), refreshTokenSeconds: whole(60),
    retiredKeySeconds: whole(0), maxSessionsPerUser: whole(1), refreshesPerMinute: whole(1),
  }),
  users: fields({ hideUnknownUsers: flag, attemptsPerMinute: whole(1), anonymousDays: whole(1), facebookGraphUrl: url }),
  customData: fields({ firstInserted: insertionOrder, onReadError: word("fail", "empty", "previous"), readTimeoutMs: whole(1), warnClaimBytes: whole(1), maxClaimBytes: whole(1, mostClaimBytes) }),
  data: fields({
    nullTypes: flag, usersMayUseRegex: flag, findOneAndReplaceWithoutUpdate: word("delete", "error"), maxResultDocuments: whole(1), maxRuleCalls: whole(0), maxRuleDepth: whole(0), maxWriteAttempts: whole(1), rules,
  }),
  embedded: fields({ durability: word("disk", "process"), maxBytes: whole(1), transactionSeconds: whole(1), idleSeconds: whole(1) }),
  http: fields({ publicUrl: url, trustedProxies: list(network), metricsToken, operatorToken, concurrentEndpointRequests: whole(1) }),
})

/** What an operator may set. Every part may be absent; defaults are those of the parts themselves. */
export type ServerSettings = ReturnType<typeof readSetting>

/** Checks settings. Throws `ConfigError`, which names the place and quotes no value. */
export function parseSettings(value: unknown, name: string): ServerSettings {
  return reading(name, () => readSetting(value, ""))
}

/** Reads a settings file. Rejects with `ConfigError`. */
export async function readSettings(file: string): Promise<ServerSettings> {
  const source = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new ConfigError("option-invalid", `Cannot read settings file \`${file}\`: it is missing or not readable`, { cause })
  })
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    // SECURITY: no cause, the parser's message quotes the text.
    throw new ConfigError("option-invalid", `Cannot read settings file \`${file}\`: it is no JSON`)
  }
  return parseSettings(value, `settings file \`${file}\``)
}

/** Reads a comma-separated list of proxies, as on a command line. Throws `ConfigError`. */
export function parseTrustedProxies(source: string): readonly string[] {
  return reading("`--trust-proxy`", () => list(network)(source.split(",").map((each) => each.trim()), ""))
}

/** Checks a token for `/metrics`. Throws `ConfigError`. */
export function parseMetricsToken(source: string): string {
  return reading("`--metrics-token`", () => metricsToken(source, ""))
}

/** Checks a token for the operator's routes; `name` is where it was given. Throws `ConfigError`. */
export function parseOperatorToken(source: string, name: string): string {
  return reading(name, () => operatorToken(source, ""))
}

function reading<Result>(name: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof SettingFault) throw settingError(name, error.pointer, error.message)
    throw error
  }
}

/** The error for one place of the settings. */
export function settingError(name: string, pointer: JsonPointer, found: string): ConfigError {
  return new ConfigError("option-invalid", `Cannot use ${name}: ${pointer === "" ? "" : `${pointer}: `}${found}`)
}
