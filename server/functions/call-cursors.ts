// The cursors of one call: read in parts, known by unguessable ids, closed at its end.
import { randomUUID } from "node:crypto"
import { bsonSize, toEjson, type Document, type Json } from "../../kernel/index.ts"
import type { Cursor } from "../data/index.ts"
import { RequestError } from "../errors.ts"

const partDocuments = 1000
// Much less than a message may have: a part is encoded in one go, and the server answers others between two parts.
const partBytes = 1024 * 1024
/** SOURCE: specification of functions, 2.6; a result is cut there and a warning logged. */
const mostDocuments = 50_000

interface OpenCursor { readonly documents: AsyncIterator<Document>; readonly cursor: Cursor; read: number; busy: boolean }

export class CallCursors {
  readonly #open = new Map<string, OpenCursor>()
  readonly #warn: (text: string) => void
  #ended = false

  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  /** The first documents, and the id of the cursor if there are more. */
  async begin(cursor: Cursor): Promise<Json> {
    return this.#part({ documents: cursor[Symbol.asyncIterator](), cursor, read: 0, busy: false }, undefined)
  }

  /** More documents. SECURITY: only ids this call was given are known. */
  async next(id: string): Promise<Json> {
    const open = this.#open.get(id)
    if (open === undefined) throw new RequestError("FunctionExecutionError", "the cursor is not open")
    if (open.busy) throw new RequestError("FunctionExecutionError", "the cursor is being read")
    return this.#part(open, id)
  }

  async #part(open: OpenCursor, id: string | undefined): Promise<Json> {
    const documents: Json[] = []
    let bytes = 0
    open.busy = true
    try {
      while (documents.length < partDocuments && bytes < partBytes) {
        const { value, done } = await open.documents.next()
        if (done === true) return await this.#end(open, id, documents)
        if (open.read === mostDocuments) {
          this.#warn(`a query result was cut at ${mostDocuments} documents`)
          return await this.#end(open, id, documents)
        }
        open.read++
        bytes += bsonSize(value)
        documents.push(toEjson(value))
      }
    } catch (error) {
      await this.#end(open, id, [])
      throw error
    } finally {
      open.busy = false
    }
    // The call ended while this was read; nobody will ask for more.
    if (this.#ended) return this.#end(open, id, documents)
    const known = id ?? randomUUID()
    this.#open.set(known, open)
    return { documents, cursor: known }
  }

  async #end(open: OpenCursor, id: string | undefined, documents: Json[]): Promise<Json> {
    if (id !== undefined) this.#open.delete(id)
    await open.cursor.close().catch(() => undefined)
    return { documents, cursor: null }
  }

  async close(id: string): Promise<Json> {
    const open = this.#open.get(id)
    if (open !== undefined) await this.#end(open, id, [])
    return null
  }

  /** Closes what the call left open. */
  closeAll(): void {
    this.#ended = true
    for (const { cursor } of this.#open.values()) void cursor.close().catch(() => undefined)
    this.#open.clear()
  }
}
