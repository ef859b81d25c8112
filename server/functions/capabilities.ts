// Everything one call can reach of the server: data, cursors, sessions, HTTP and identity scripts, each under the identity
// its token stands for. SECURITY: operations come from guest code; what is not one of these kinds is refused.
import { toEjson, type Json } from "../../kernel/index.ts"
import type { Capabilities, GuestAnswer, GuestOperation } from "../../runtime/index.ts"
import type { DataService } from "../data/index.ts"
import { RequestError } from "../errors.ts"
import { readArguments } from "./arguments.ts"
import { CallCursors } from "./call-cursors.ts"
import { CallSessions } from "./call-sessions.ts"
import { performDataOperation } from "./data-operations.ts"
import { failedAnswer } from "./failures.ts"
import type { HttpClient } from "./http-client.ts"
import type { HttpServiceRules } from "./http-service-rules.ts"
import type { Identities } from "./identities.ts"
import { inSlices } from "./slices.ts"

export interface CapabilityParts {
  readonly data: DataService
  readonly identities: Identities
  readonly http: HttpClient
  readonly services: HttpServiceRules
  /** A line for the log of the call that the function did not write. */
  readonly warn: (text: string) => void
}

// One for all calls: an exception made for each would cost more than the rest of the end.
const callEnded = new DOMException("The call has ended", "AbortError")

/** The capabilities of one call. */
export function createCapabilities({ data, identities, http, services, warn }: CapabilityParts): Capabilities {
  const cursors = new CallCursors(warn)
  const sessions = new CallSessions(data)
  const ended = new AbortController()

  const perform = async (operation: GuestOperation): Promise<Json> => {
    switch (operation.kind) {
      case "data": {
        const joined = operation.session === undefined ? undefined : sessions.join(operation.session, operation.service, operation.identity)
        const [caller, session] = await Promise.all([identities.ownerOf(operation.identity), joined])
        if (operation.collection === "" && operation.name === "aggregate") throw new RequestError("FunctionExecutionError", "db.aggregate is not available in this server")
        const collection = data.collection(operation.service, { database: operation.database, collection: operation.collection }, caller, session)
        const result = await performDataOperation(collection, operation.name, readArguments(operation.args), caller.system)
        return "cursor" in result ? cursors.begin(result.cursor) : toEjson(result.value)
      }
      case "cursor": return operation.name === "next" ? cursors.next(operation.cursor) : cursors.close(operation.cursor)
      case "session": return sessions.perform(operation.session, operation.name, { service: operation.service, identity: operation.identity, caller: identities.ownerOf(operation.identity) })
      case "http": {
        const { method, through } = operation
        const settings = readArguments(operation.args)
        const check = through === undefined ? undefined : services.check(through.service, method, settings, await identities.ownerOf(through.identity))
        return toEjson(await http.send(method, settings, ended.signal, check))
      }
      case "script": return { ...(await identities.fromScript(operation.name)) }
      default: throw new RequestError("FunctionExecutionError", "the operation is unknown")
    }
  }

  return {
    perform(operations, answer) {
      const due: GuestAnswer[] = []
      const deliver = (one: GuestAnswer): void => {
        due.push(one)
        // Answers that come together travel together.
        if (due.length === 1) queueMicrotask(() => answer(due.splice(0)))
      }
      const begin = (operation: GuestOperation): void => {
        perform(operation).then((value) => deliver({ id: operation.id, ok: true, value }), (error: unknown) => deliver(failedAnswer(operation.id, error)))
      }
      void inSlices(operations, begin, ended.signal)
    },
    release() {
      ended.abort(callEnded)
      cursors.closeAll()
      sessions.abortAll()
    },
  }
}
