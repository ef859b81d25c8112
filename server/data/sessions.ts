// Transactions of functions: operations join a view of the store until it is committed or aborted.
import { RequestError } from "../errors.ts"
import type { DataSession } from "./service.ts"
import type { Store } from "./store.ts"

/** A session this service handed out. */
export interface OpenSession extends DataSession {
  readonly service: string
  /** The transaction's view of the store; begins with the first operation. */
  store(): Promise<Store>
  /** The transaction can only be aborted from now on. */
  poison(): void
}

const aborted = Symbol("aborted")

/** Opens a session. Its transaction begins when it is first used, and ends with `commit` or `abort`. */
export function openSession(service: string, root: Store): OpenSession {
  let state: "new" | "open" | "poisoned" | "ended" = "new"
  let view: Promise<Store> | undefined
  let finish: ((how: "commit" | typeof aborted) => void) | undefined
  let finished: Promise<void> | undefined
  const begin = (): Promise<Store> => new Promise((resolve, reject) => {
    const ending = new Promise<"commit" | typeof aborted>((end) => {
      finish = end
    })
    finished = root.transaction(async (store) => {
      resolve(store)
      if ((await ending) === aborted) throw new Rollback()
    })
    // Both who waits for the view and who commits gets the error; an abandoned session is nobody's unhandled rejection.
    finished.catch(reject)
  })
  const end = async (how: "commit" | typeof aborted): Promise<void> => {
    const wasOpen = state === "open" || state === "poisoned"
    state = "ended"
    if (!wasOpen) return
    finish?.(how)
    await finished?.catch((error: unknown) => {
      if (!(error instanceof Rollback)) throw error
    })
  }
  return {
    service,
    async store() {
      if (state === "ended") throw new RequestError("InvalidParameter", "the transaction of this session has ended")
      if (state === "poisoned") throw new RequestError("InvalidParameter", "an operation of this transaction was refused halfway; it can only be aborted")
      if (state === "new") state = "open"
      return (view ??= begin())
    },
    poison() {
      if (state === "open") state = "poisoned"
    },
    async commit() {
      if (state !== "poisoned") return end("commit")
      await end(aborted)
      throw new RequestError("InvalidParameter", "an operation of this transaction was refused halfway; it was aborted")
    },
    abort: () => end(aborted),
  }
}

/** Ends a transaction without a fault. */
class Rollback extends Error {
  override readonly name = "Rollback"
}
