// What a deploy says of `auth/providers.json`. A disabled provider's faults are warnings.
import type { Document } from "../../kernel/index.ts"
import type { ProviderConfig } from "./ports.ts"

/** A remark about one provider; `pointer` is a JSON pointer into the file. */
export interface ProviderFinding {
  readonly severity: "error" | "warning"
  readonly code: "provider-unsupported" | "provider-function-unknown" | "provider-needs-mail" | "provider-url-missing" | "provider-secret-missing" | "provider-secret-weak" | "provider-key-set-insecure" | "provider-client-missing" | "provider-id-token-only"
  readonly pointer: string
  readonly message: string
}

/** What the app and this server have to offer. */
export interface ProviderSurroundings {
  readonly functions: ReadonlySet<string>
  readonly secret: (name: string) => string | undefined
  /** Whether this server can send letters. */
  readonly mail: boolean
}

type Add = (code: ProviderFinding["code"], key: string, detail: string, severity?: "warning") => void

/** Checks every provider. Nothing with an error may be deployed: its users could not log in. */
export function checkProviders(providers: ReadonlyMap<string, ProviderConfig>, around: ProviderSurroundings): ProviderFinding[] {
  const findings: ProviderFinding[] = []
  for (const [name, provider] of providers) {
    checkOne(provider, around, (code, key, detail, severity) => {
      const pointer = `/${name}${key === "" ? "" : `/${key}`}`
      findings.push({ severity: provider.disabled ? "warning" : (severity ?? "error"), code, pointer, message: `Cannot use \`${name}\`: ${detail}` })
    })
  }
  return findings
}

function checkOne(provider: ProviderConfig, around: ProviderSurroundings, add: Add): void {
  const { config } = provider
  switch (provider.type) {
    case "anon-user":
    case "api-key": return undefined
    case "local-userpass": return checkUserpass(config, around, add)
    case "custom-function": return checkFunction(config["authFunctionName"], "config/authFunctionName", around, add)
    case "custom-token": return checkCustomToken(provider, around, add)
    case "oauth2-google":
      if (config["openId"] !== true) add("provider-id-token-only", "config/openId", "without OpenID Connect only the browser's redirect could be used, which this server does not have", "warning")
      return checkClient(config, add)
    case "oauth2-apple": return checkClient(config, add)
    case "oauth2-facebook":
      checkClient(config, add)
      return checkSecret(provider.secretConfig["clientSecret"], "secret_config/clientSecret", around, add)
    default: return add("provider-unsupported", "", "this server has no such provider", "warning")
  }
}

function checkUserpass(config: Document, around: ProviderSurroundings, add: Add): void {
  if (config["autoConfirm"] === true) {
    // Nothing is asked of anybody.
  } else if (config["runConfirmationFunction"] === true) checkFunction(config["confirmationFunctionName"], "config/confirmationFunctionName", around, add)
  else checkLetters(config["emailConfirmationUrl"], "config/emailConfirmationUrl", "users confirm by a letter", around, add)
  if (config["runResetFunction"] === true) checkFunction(config["resetFunctionName"], "config/resetFunctionName", around, add)
  // Registering and logging in work without: only the reset is missing.
  else checkLetters(config["resetPasswordUrl"], "config/resetPasswordUrl", "passwords are reset by a letter", around, (code, key, detail) => add(code, key, detail, "warning"))
}

function checkLetters(url: unknown, key: string, what: string, around: ProviderSurroundings, add: Add): void {
  if (!around.mail) add("provider-needs-mail", key, `${what}, and this server has no mail service`)
  if (typeof url !== "string" || !URL.canParse(url)) add("provider-url-missing", key, `${what}, and there is no address to link to`)
}

function checkFunction(name: unknown, key: string, around: ProviderSurroundings, add: Add): void {
  if (typeof name !== "string" || !around.functions.has(name)) add("provider-function-unknown", key, typeof name === "string" ? `no function \`${name}\`` : "no function is named")
}

function checkCustomToken({ config, secretConfig }: ProviderConfig, around: ProviderSurroundings, add: Add): void {
  if (config["useJWKURI"] === true) {
    const address = config["jwkURI"]
    if (typeof address !== "string" || !URL.canParse(address) || new URL(address).protocol !== "https:") add("provider-key-set-insecure", "config/jwkURI", "the key set needs an https address")
    return
  }
  const names = [secretConfig["signingKeys"]].flat().filter((name) => typeof name === "string")
  if (names.length === 0) add("provider-secret-missing", "secret_config/signingKeys", "no signing key is named")
  for (const name of names) {
    const value = around.secret(name)
    if (value === undefined) add("provider-secret-missing", "secret_config/signingKeys", `the secret \`${name}\` has no value here`)
    else if (config["signingAlgorithm"] !== "RS256" && !/^[A-Za-z0-9_-]{32,512}$/.test(value)) add("provider-secret-weak", "secret_config/signingKeys", `the secret \`${name}\` is not 32 to 512 letters, digits, \`_\` and \`-\``)
  }
}

function checkSecret(name: unknown, key: string, around: ProviderSurroundings, add: Add): void {
  if (typeof name !== "string" || name === "") add("provider-secret-missing", key, "no secret is named")
  else if (around.secret(name) === undefined) add("provider-secret-missing", key, `the secret \`${name}\` has no value here`)
}

function checkClient(config: Document, add: Add): void {
  const clients = [config["clientId"]].flat()
  if (!clients.some((client) => typeof client === "string" && client !== "")) add("provider-client-missing", "config/clientId", "no client id is set")
}
