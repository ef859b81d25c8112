// A function call with a long body: what is needed of it is found without reading the arguments, in slices, so that a caller who
// sends 18 MB does not keep the server from the others. Whether the arguments are well formed is found where they are used.
import { RawArguments } from "../functions/index.ts"
import { RequestError } from "../errors.ts"

/** Bodies from this length on are read this way. */
export const longBody = 256 * 1024

const sliceLength = 512 * 1024
const longestName = 10_000
const malformed = (): RequestError => new RequestError("BadRequest", "the request body is not valid JSON")

/** The members of the call, the arguments as their own text. Rejects with `BadRequest` for what cannot be an object in JSON. */
export async function readLongCall(body: string): Promise<{ readonly name: unknown; readonly service: unknown; readonly arguments: RawArguments | undefined }> {
  const found: { name?: unknown; service?: unknown; arguments?: RawArguments } = {}
  let at = skipSpace(body, 0)
  if (body[at] !== "{") throw new RequestError("BadRequest", "the request body is not a JSON object")
  at = skipSpace(body, at + 1)
  for (let first = true; body[at] !== "}"; first = false) {
    if (!first) {
      if (body[at] !== ",") throw malformed()
      at = skipSpace(body, at + 1)
    }
    if (body[at] !== '"') throw malformed()
    const keyEnd = endOfString(body, at)
    const key = keyEnd - at > longestName ? undefined : parse(body.slice(at, keyEnd))
    at = skipSpace(body, keyEnd)
    if (body[at] !== ":") throw malformed()
    const start = skipSpace(body, at + 1)
    const end = await endOfValue(body, start)
    if (key === "arguments") found.arguments = new RawArguments(body.slice(start, end))
    else if ((key === "name" || key === "service") && end - start <= longestName) found[key] = parse(body.slice(start, end))
    at = skipSpace(body, end)
  }
  if (skipSpace(body, at + 1) !== body.length) throw malformed()
  return { name: found.name, service: found.service, arguments: found.arguments }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed()
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && " \t\r\n".includes(text[at] as string)) at++
  return at
}

/** The place after the closing quote of a string that begins here. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at)
    if (at < 0) throw malformed()
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return at + 1
  }
}

/**
 * The place after a value that begins here.
 * INVARIANT: of a text that is JSON as a whole, brackets counted outside of strings end a value where JSON does; of any other text
 * whatever comes out is found to be no JSON later.
 */
async function endOfValue(text: string, start: number): Promise<number> {
  let depth = 0
  let pauseAt = start + sliceLength
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at) - 1
        if (depth === 0) return at + 1
        break
      case 0x7b: case 0x5b:
        depth++
        break
      case 0x7d: case 0x5d:
        if (depth === 0) return at
        if (--depth === 0) return at + 1
        break
      case 0x2c:
        if (depth === 0) return at
    }
    if (at < pauseAt) continue
    await new Promise((resolve) => setImmediate(resolve))
    pauseAt = at + sliceLength
  }
  throw malformed()
}
