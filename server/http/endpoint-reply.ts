// What an endpoint answers: admin specification, 9.6.
import { parseEjson } from "../../kernel/index.ts"
import type { Endpoint } from "../app/index.ts"
import { RequestError } from "../errors.ts"
import type { EndpointResult } from "../functions/index.ts"
import { standardJson } from "./standard-json.ts"

export interface EndpointReply {
  readonly status: number
  readonly headers: readonly (readonly [string, string | string[]])[]
  /** Undefined: no body. */
  readonly body: Buffer | undefined
}

// Not imported: an import of this module reads all its names, also those that load a WebSocket and `fetch`, a tenth of a start.
const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule("node:http")

type Form = "JSON" | "EJSON"

const typeOf: Record<Form, string> = { JSON: "application/json", EJSON: "application/ejson" }
/** SECURITY: these frame the message; a function's idea of them would desynchronise the connection. */
const framing = new Set(["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "__proto__"])

/** Joins what a function returned and what it did to `response`. */
export function endpointReply({ kind, respondResult, returnType }: Endpoint, { result, response }: EndpointResult, accept: string | undefined): EndpointReply {
  const status = finalStatus(response.statusCode) ?? (respondResult ? 200 : 204)
  const headers = response.headers.filter(([name]) => !framing.has(name)).map(([name, values]) => headerOf(name, values))
  if (!respondResult) return { status, headers, body: undefined }
  if (response.body !== undefined) return { status, headers, body: typeof response.body === "string" ? Buffer.from(response.body) : Buffer.from(response.body) }
  // SOURCE: for webhooks any call of `response` suppresses the automatic body.
  if (kind === "webhook" && response.touched) return { status, headers, body: undefined }
  const form = formOf(accept) ?? returnType
  const text = render(result, form)
  const hasType = headers.some(([name]) => name === "content-type")
  return { status, headers: hasType || text === undefined ? headers : [...headers, ["content-type", typeOf[form]]], body: text === undefined ? undefined : Buffer.from(text) }
}

/** A status that ends a reply; those below 200 only announce one. */
function finalStatus(status: number | undefined): number | undefined {
  return status === undefined || status < 200 ? undefined : status
}

/** Undefined for a function that returned nothing. EJSON is always canonical, which the result is already. */
function render(result: string, form: Form): string | undefined {
  const value = parseEjson(result)
  if (value === undefined) return undefined
  return form === "EJSON" ? result : standardJson(value)
}

function headerOf(name: string, values: readonly string[]): readonly [string, string | string[]] {
  try {
    validateHeaderName(name)
    for (const value of values) validateHeaderValue(name, value)
  } catch (cause) {
    throw new RequestError("FunctionExecutionError", "the function set a header that HTTP cannot carry", { cause })
  }
  return [name, name === "content-type" || values.length === 1 ? (values.at(-1) as string) : [...values]]
}

/** The form a caller asks for by name; of both the one he likes better, or names first. */
function formOf(accept: string | undefined): Form | undefined {
  const wanted = (accept ?? "").split(",").flatMap((part) => {
    const [type = "", ...parameters] = part.split(";").map((each) => each.trim().toLowerCase())
    const form: Form | undefined = type === typeOf.JSON ? "JSON" : type === typeOf.EJSON ? "EJSON" : undefined
    const quality = Number(parameters.find((each) => each.startsWith("q="))?.slice(2) ?? 1)
    return form === undefined || !(quality > 0) ? [] : [{ form, quality }]
  })
  return wanted.toSorted((left, right) => right.quality - left.quality)[0]?.form
}
