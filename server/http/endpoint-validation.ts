// How a request to an endpoint proves itself: admin specification, 9.4.
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import type { Endpoint } from "../app/index.ts"
import { RequestError } from "../errors.ts"

/** What of a request validation looks at. */
export interface Validated {
  readonly query: URLSearchParams
  /** One header, by its name in lower case. */
  readonly header: (name: string) => string | undefined
  /** The bytes of the body exactly as they came. */
  readonly body: Uint8Array
}

/** Throws 401 unless the request proves itself as its endpoint wants. SECURITY: compares in constant time, and never says what was wrong. */
export function validateRequest({ validation, secretName }: Endpoint, secretOf: (name: string) => string | undefined, request: Validated): void {
  if (validation === "NO_VALIDATION") return
  const secret = secretName === undefined ? undefined : secretOf(secretName)
  // A secret that nobody supplied stops the start; an empty one must not open anything.
  if (secret === undefined || secret === "") throw refused()
  const proven = validation === "SECRET_AS_QUERY_PARAM" ? isSecret(request.query.get("secret"), secret) : isSigned(request, secret)
  if (!proven) throw refused()
}

function refused(): RequestError {
  return new RequestError("InvalidParameter", "the request could not be validated", { status: 401 })
}

function isSecret(given: string | null, secret: string): boolean {
  // Digests have one length, so that not even the secret's length shows.
  return given !== null && timingSafeEqual(digest(given), digest(secret))
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest()
}

/** SOURCE: third parties of converted webhooks keep sending the older header. */
function isSigned({ header, body }: Validated, secret: string): boolean {
  const signature = /^sha256=([0-9a-f]{64})$/i.exec((header("endpoint-signature") ?? header("x-hook-signature") ?? "").trim())?.[1]
  if (signature === undefined) return false
  return timingSafeEqual(Buffer.from(signature, "hex"), createHmac("sha256", secret).update(body).digest())
}

/** The query string without the secret, which no function may see. */
export function withoutSecret(query: string): string {
  return query.split("&").filter((part) => new URLSearchParams(part).get("secret") === null).join("&")
}
