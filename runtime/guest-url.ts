// Addresses for guests: the engine's bare contexts have no `URL`, so this process's own parser answers.
import type { Json } from "../kernel/index.ts"
import { textOf } from "./guest-crypto.ts"

const parts = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"] as const

function partsOf(url: URL): Json {
  return Object.fromEntries(parts.map((part) => [part, url[part]]))
}

/** Name → function of {@link answerSync}. */
export const urlFunctions: Readonly<Record<string, (args: readonly Json[]) => Json>> = {
  parse: ([address, base]) => {
    try {
      return partsOf(base === null || base === undefined ? new URL(textOf(address, "url")) : new URL(textOf(address, "url"), textOf(base, "base")))
    } catch {
      throw new TypeError("Invalid URL")
    }
  },
  set: ([address, part, value]) => {
    const url = new URL(textOf(address, "url"))
    const name = parts.find((each) => each === part)
    if (name !== undefined && name !== "origin") url[name] = textOf(value, "value")
    return partsOf(url)
  },
}
