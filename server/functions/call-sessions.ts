// The transactions of one call. A session is a name the guest chose; it means something in its own call only.
import type { Caller, DataService, DataSession } from "../data/index.ts"
import { RequestError } from "../errors.ts"

const mostSessions = 20

interface OpenSession { readonly session: Promise<DataSession>; readonly service: string; readonly identity: string }

/** Where a session belongs: `identity` is the token of whoever opened it, `caller` the rights it stands for. */
export interface SessionPlace { readonly service: string; readonly identity: string; readonly caller: Promise<Caller> }

export class CallSessions {
  readonly #open = new Map<string, OpenSession>()
  readonly #data: DataService
  #ended = false

  constructor(data: DataService) {
    this.#data = data
  }

  /** Starts, commits or aborts the transaction of a session. */
  async perform(id: string, name: "start" | "commit" | "abort" | "end", place: SessionPlace): Promise<null> {
    if (name === "start") return this.#start(id, place)
    const open = this.#open.get(id)
    this.#open.delete(id)
    if (open === undefined) {
      if (name === "commit") throw new RequestError("FunctionExecutionError", "No transaction started")
      return null
    }
    const session = await open.session
    await (name === "commit" ? session.commit() : session.abort())
    return null
  }

  // INVARIANT: the session is known before anything is awaited, so that operations of the same message find it.
  async #start(id: string, { service, identity, caller }: SessionPlace): Promise<null> {
    if (this.#ended) throw new RequestError("FunctionExecutionError", "the call has ended")
    if (this.#open.has(id)) throw new RequestError("FunctionExecutionError", "Transaction already in progress")
    if (this.#open.size >= mostSessions) throw new RequestError("FunctionExecutionError", `at most ${mostSessions} sessions at once`)
    const session = caller.then((owner) => this.#data.startSession(service, owner))
    this.#open.set(id, { session, service, identity })
    await session.catch((error: unknown) => {
      this.#open.delete(id)
      throw error
    })
    return null
  }

  /** The transaction an operation joins. SECURITY: only with the service and the identity it was started with. */
  async join(id: string, service: string, identity: string): Promise<DataSession | undefined> {
    const open = this.#open.get(id)
    // A session without a transaction: the operation stands for itself, as with the driver.
    if (open === undefined) return undefined
    if (open.service !== service) throw new RequestError("FunctionExecutionError", "the session belongs to another service")
    if (open.identity !== identity) throw new RequestError("FunctionExecutionError", "the session was started under another identity")
    return open.session
  }

  /** Aborts what the call left open. */
  abortAll(): void {
    this.#ended = true
    for (const { session } of this.#open.values()) void session.then((each) => each.abort()).catch(() => undefined)
    this.#open.clear()
  }
}
