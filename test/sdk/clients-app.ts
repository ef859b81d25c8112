// The fixture app `clients`, served in this process, with other settings of its providers where a test needs them.
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Letter, ServerOptions } from "../../server/index.ts"
import { serveInProcess, type InProcess } from "../support/in-process.ts"
import { root, temporaryFolder } from "../support/serve.ts"

export const clientsApp = join(root, "fixtures/apps/clients")
export const jwtKey = "0123456789abcdef0123456789abcdef"
export const password = "a long password"

export interface ClientsServed extends InProcess {
  readonly appId: string
  /** Letters that the server sent, oldest first. */
  readonly letters: Letter[]
}

interface ClientsOptions extends Partial<ServerOptions> {
  /** What is different in `auth/providers.json`, by provider. */
  readonly providers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly allowedOrigins?: readonly string[]
}

/** Serves the app until `close()`. */
export async function serveClients({ providers, allowedOrigins, ...options }: ClientsOptions = {}): Promise<ClientsServed> {
  const letters: Letter[] = []
  const folder = temporaryFolder()
  cpSync(clientsApp, folder.path, { recursive: true })
  if (providers !== undefined) change(join(folder.path, "auth/providers.json"), providers)
  if (allowedOrigins !== undefined) change(join(folder.path, "root_config.json"), { allowed_request_origins: allowedOrigins })
  const mailer = { send: async (letter: Letter) => void letters.push(letter) }
  const served = await serveInProcess({ directory: folder.path, secrets: { jwtKey }, mailer, ...options })
  return {
    ...served, appId: served.server.clientAppId, letters,
    close: async () => {
      await served.close()
      folder.remove()
    },
  }
}

function change(file: string, fields: Readonly<Record<string, unknown>>): void {
  const whole = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>
  for (const [name, value] of Object.entries(fields)) {
    const before = whole[name]
    whole[name] = Array.isArray(value) || typeof before !== "object" ? value : { ...before, ...(value as object) }
  }
  writeFileSync(file, JSON.stringify(whole))
}

/** Settings of `local-userpass` that confirm and reset by letters. */
export const byLetters = { "local-userpass": { config: { autoConfirm: false, emailConfirmationUrl: "https://app.example/confirm?lang=en", confirmEmailSubject: "Welcome", resetPasswordUrl: "https://app.example/reset", resetPasswordSubject: "" } } }
export const automatic = { "local-userpass": { config: { autoConfirm: true } } }

/** What a link in a letter carries. */
export function tokensOf({ link }: Letter): { token: string; tokenId: string } {
  const { searchParams } = new URL(link)
  return { token: searchParams.get("token") ?? "", tokenId: searchParams.get("tokenId") ?? "" }
}
