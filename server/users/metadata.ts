// `metadata_fields`: what of a provider's claims becomes `user.data` (specification of users, 2.2 and 4.5).
import { fromEjson, setField, type Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { ProviderConfig } from "./ports.ts"

const longestName = 64
const longestValue = 4096

/** Picks the configured fields from claims. A missing required one fails the login; a missing optional one is left out. */
export function pickMetadata(claims: Readonly<Record<string, unknown>>, fields: ProviderConfig["metadataFields"]): Document {
  const data: Document = {}
  for (const { name, fieldName, required } of fields) {
    const path = splitName(name)
    const target = fieldName ?? path.at(-1) ?? name
    const value = valueAt(claims, path)
    if (value === undefined || value === null) {
      if (required) throw new RequestError("AuthError", "unauthorized")
      continue
    }
    if (target.length > longestName || JSON.stringify(value).length > longestValue) throw new RequestError("AuthError", "unauthorized")
    setField(data, target, fromEjson(value))
  }
  return data
}

/** Throws `DomainNotAllowed` unless an address that the provider vouches for is in one of the allowed domains; without any, all are. */
export function requireDomain(email: unknown, allowed: readonly string[]): void {
  const domain = typeof email === "string" ? email.slice(email.lastIndexOf("@") + 1).toLowerCase() : undefined
  if (allowed.length > 0 && !allowed.some((each) => each.toLowerCase() === domain)) throw new RequestError("DomainNotAllowed", "user domain is not allowed")
}

/** Splits a path at its dots; `\.` is a dot within a name. */
export function splitName(name: string): string[] {
  return name.split(/(?<!\\)\./).map((part) => part.replaceAll("\\.", "."))
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string, unknown>)[part]
  }
  return value
}
