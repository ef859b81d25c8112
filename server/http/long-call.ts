// A function call with a long body: what is needed of it is found without reading the arguments, in slices, so that a caller who
// sends 18 MB does not keep the server from the others. Whether the arguments are well formed is found where they are used.
import { RawArguments } from "../functions/index.ts"
import { RequestError } from "../errors.ts"

/** Bodies from this length on are read this way. */
export const longBody = 256 * 1024

/** In characters; a value costs as much as so many, however short it is. */
const sliceLength = 512 * 1024
const costOfValue = 100
const longestName = 10_000
const malformed = (): RequestError => new RequestError("BadRequest", "the request body is not valid JSON")

/** The members of the call, the arguments as their own text. Rejects with `BadRequest` for what cannot be an object in JSON. */
export async function readLongCall(body: string): Promise<{ readonly name: unknown; readonly service: unknown; readonly arguments: RawArguments | undefined }> {
  const found: { name?: unknown; service?: unknown; arguments?: RawArguments } = {}
  const text = new Scanner(body)
  await text.skipSpace()
  if (text.next() !== "{") throw new RequestError("BadRequest", "the request body is not a JSON object")
  await text.skip("{")
  for (let first = true; text.next() !== "}"; first = false) {
    if (!first) await text.skip(",")
    if (text.next() !== '"') throw malformed()
    const name = await text.value()
    await text.skip(":")
    const value = await text.value()
    const key = name.length > longestName ? undefined : parse(body.slice(name.start, name.end))
    if (key === "arguments") found.arguments = new RawArguments(body.slice(value.start, value.end))
    else if ((key === "name" || key === "service") && value.length <= longestName) found[key] = parse(body.slice(value.start, value.end))
  }
  await text.skip("}")
  if (text.next() !== undefined) throw malformed()
  return { name: found.name, service: found.service, arguments: found.arguments }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed()
  }
}

interface Part { readonly start: number; readonly end: number; readonly length: number }

/** Goes through a text, and lets others have their turn after each slice of it, whatever it is made of. */
class Scanner {
  readonly #text: string
  #at = 0
  #pauseAt = sliceLength

  constructor(text: string) {
    this.#text = text
  }

  /** The character it stands at; undefined at the end. */
  next(): string | undefined {
    return this.#text[this.#at]
  }

  /** Goes past a character and the space after it. */
  async skip(character: string): Promise<void> {
    if (this.next() !== character) throw malformed()
    this.#at++
    await this.skipSpace()
  }

  async skipSpace(): Promise<void> {
    for (; isSpace(this.#text.charCodeAt(this.#at)); this.#at++) if (this.#at >= this.#pauseAt) await this.#pause()
  }

  /**
   * Goes past a value and the space after it.
   * INVARIANT: of a text that is JSON as a whole, brackets counted outside of strings end a value where JSON does; of any other text
   * whatever comes out is found to be no JSON later.
   */
  async value(): Promise<Part> {
    const start = this.#at
    this.#pauseAt -= costOfValue
    let depth = 0
    let isInString = false
    for (let isOver = false; !isOver; this.#at++) {
      if (this.#at >= this.#text.length) throw malformed()
      if (this.#at >= this.#pauseAt) await this.#pause()
      const code = this.#text.charCodeAt(this.#at)
      if (isInString) {
        if (code === backslash) this.#at++
        else if (code === quote) isInString = false
      } else if (code === quote) {
        isInString = true
      } else if (code === openingBrace || code === openingBracket) {
        depth++
      } else if (code === closingBrace || code === closingBracket) {
        if (depth === 0) break
        depth--
      } else if (depth === 0 && (code === comma || isSpace(code))) {
        break
      }
      isOver = depth === 0 && !isInString && (code === quote || code === closingBrace || code === closingBracket)
    }
    const end = this.#at
    await this.skipSpace()
    return { start, end, length: end - start }
  }

  async #pause(): Promise<void> {
    this.#pauseAt = this.#at + sliceLength
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const [quote, comma, openingBracket, backslash, closingBracket, openingBrace, closingBrace] = [0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d]

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
