import { describe, expect, test } from "vitest"
import { checkProviders, type ProviderConfig, type ProviderSurroundings } from "../../../server/users/index.ts"
import { provider } from "./app.ts"

const around: ProviderSurroundings = { functions: new Set(["f"]), secret: (name) => ({ good: "x".repeat(32), short: "x", pem: "-----BEGIN PUBLIC KEY-----" })[name], mail: true }
const check = (each: ProviderConfig, other: Partial<ProviderSurroundings> = {}): string[] => checkProviders(new Map([[each.type, each]]), { ...around, ...other }).map(({ severity, code, pointer }) => `${severity} ${code} ${pointer}`)
const letters = { emailConfirmationUrl: "https://app.example.com/c", resetPasswordUrl: "https://app.example.com/r" }

describe("providers at deploy", () => {
  test.each<[ProviderConfig, string[]]>([
    [provider("anon-user"), []], [provider("api-key"), []],
    [provider("local-userpass", { config: letters }), []],
    [provider("local-userpass", { config: { autoConfirm: true, resetPasswordUrl: "x" } }), ["warning provider-url-missing /local-userpass/config/resetPasswordUrl"]],
    [provider("local-userpass", { config: { runConfirmationFunction: true, confirmationFunctionName: "f", runResetFunction: true, resetFunctionName: "f" } }), []],
    [provider("local-userpass", { config: { runConfirmationFunction: true, runResetFunction: true, resetFunctionName: "gone" } }), ["error provider-function-unknown /local-userpass/config/confirmationFunctionName", "error provider-function-unknown /local-userpass/config/resetFunctionName"]],
    [provider("custom-function", { config: { authFunctionName: "f" } }), []], [provider("custom-function"), ["error provider-function-unknown /custom-function/config/authFunctionName"]],
    [provider("custom-function", { disabled: true }), ["warning provider-function-unknown /custom-function/config/authFunctionName"]],
    [provider("custom-token", { secretConfig: { signingKeys: ["good"] } }), []], [provider("custom-token"), ["error provider-secret-missing /custom-token/secret_config/signingKeys"]],
    [provider("custom-token", { secretConfig: { signingKeys: ["short", "gone"] } }), ["error provider-secret-weak /custom-token/secret_config/signingKeys", "error provider-secret-missing /custom-token/secret_config/signingKeys"]],
    [provider("custom-token", { config: { signingAlgorithm: "RS256" }, secretConfig: { signingKeys: ["pem"] } }), []],
    [provider("custom-token", { config: { useJWKURI: true, jwkURI: "http://keys.example" } }), ["error provider-key-set-insecure /custom-token/config/jwkURI"]],
    [provider("custom-token", { config: { useJWKURI: true, jwkURI: "https://keys.example" } }), []],
    [provider("oauth2-google", { config: { clientId: "c", openId: true } }), []], [provider("oauth2-google", { config: { clientId: "c" } }), ["warning provider-id-token-only /oauth2-google/config/openId"]],
    [provider("oauth2-apple"), ["error provider-client-missing /oauth2-apple/config/clientId"]],
    [provider("oauth2-facebook", { config: { clientId: "c" }, secretConfig: { clientSecret: "good" } }), []],
    [provider("oauth2-facebook", { config: { clientId: "c" }, secretConfig: { clientSecret: "gone" } }), ["error provider-secret-missing /oauth2-facebook/secret_config/clientSecret"]],
    [provider("oauth2-facebook"), ["error provider-client-missing /oauth2-facebook/config/clientId", "error provider-secret-missing /oauth2-facebook/secret_config/clientSecret"]],
    [provider("oauth2-twitter"), ["warning provider-unsupported /oauth2-twitter"]],
  ])("%j", (each, findings) => expect(check(each)).toEqual(findings))

  test("that send letters are refused by a server that cannot; one that only resets by letter is not", () => {
    expect(check(provider("local-userpass", { config: letters }), { mail: false })).toEqual(["error provider-needs-mail /local-userpass/config/emailConfirmationUrl", "warning provider-needs-mail /local-userpass/config/resetPasswordUrl"])
    expect(check(provider("local-userpass", { config: { ...letters, autoConfirm: true } }), { mail: false })).toEqual(["warning provider-needs-mail /local-userpass/config/resetPasswordUrl"])
  })
})
