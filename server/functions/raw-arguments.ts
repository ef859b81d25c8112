import type { Json } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"

/** Arguments of a call as JSON text that nobody has read yet. Known to be one value if it is JSON at all. */
export class RawArguments {
  readonly text: string

  /** Throws `InvalidParameter` for what is no list. */
  constructor(text: string) {
    if (!text.startsWith("[")) throw new RequestError("InvalidParameter", "arguments must be a list")
    this.text = text
  }

  /** Reads them, in one go. Throws `InvalidParameter`. */
  parse(): readonly Json[] {
    try {
      return JSON.parse(this.text) as readonly Json[]
    } catch {
      throw new RequestError("InvalidParameter", "arguments are not valid JSON")
    }
  }
}
