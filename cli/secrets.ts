// The operator's secrets, in a file outside the exported directory.
import { readFile } from "node:fs/promises"
import { ConfigError } from "../server/index.ts"

/** Reads a file of secrets; without one there are none. SECURITY: no message quotes what is in it. */
export async function readSecrets(file: string | undefined): Promise<Record<string, string>> {
  if (file === undefined) return {}
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new ConfigError("option-invalid", `Cannot read secrets file \`${file}\`: it is missing or not readable`, { cause })
  })
  const secrets: unknown = parse(text, file)
  if (typeof secrets !== "object" || secrets === null || Object.values(secrets).some((value) => typeof value !== "string")) {
    throw new ConfigError("option-invalid", `Cannot read secrets file \`${file}\`: it is not one JSON object of names and strings`)
  }
  return secrets as Record<string, string>
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // SECURITY: no cause, the parser's message quotes the text.
    throw new ConfigError("option-invalid", `Cannot read secrets file \`${file}\`: it is no JSON`)
  }
}
