// Evaluates the prelude in `node:vm`, for tests of its parts. Not a sandbox: the real one is tested through the runtime.
import { createContext, runInContext } from "node:vm"
import type { Json } from "../../../kernel/index.ts"
import { answerSync } from "../../../runtime/guest-sync.ts"
import { preludeSource } from "../../../runtime/guest/index.ts"
import type { GuestEnd, GuestInbound, GuestOperation, GuestOutbound, GuestStart, RunAs, SyncRequest } from "../../../runtime/protocol.ts"

export interface Guest {
  /** Runs code in the guest's realm, outside any function. */
  evaluate(code: string): unknown
  dispatch(message: GuestInbound): void
  readonly sent: GuestOutbound[]
}

export const emptyStart: GuestStart = {
  function: "main", args: [], user: { type: "system", data: {}, custom_data: {}, identities: [] }, request: {}, app: {}, environment: { tag: "", values: {} }, values: {}, services: ["mongodb-atlas"], httpServices: [],
  identities: { caller: "caller-token", system: "system-token", users: {} }, callerIsSystem: false, limits: { executeDepth: 100, executions: 1000, outstanding: 1000, resultBytes: 16 * 1024 * 1024 }, now: 0, errorText: "plain",
}

export function openGuest(functions: { readonly [name: string]: string } = {}, modules: { readonly [name: string]: string } = {}, onMessage?: (message: GuestOutbound, guest: Guest) => void): Guest {
  const context = createContext({})
  const wrap = (text: string | undefined, parameters: string, name: string): unknown => {
    if (text === undefined) throw Object.assign(new Error(`function not found: '${name}'`), { code: "FunctionNotFound" })
    return runInContext(`(function (${parameters}) { ${text}\n;return exports; })`, context)
  }
  const sent: GuestOutbound[] = []
  const make = runInContext(preludeSource(), context) as (...args: unknown[]) => (text: string) => void
  const dispatch = make(
    (text: string) => {
      const message = JSON.parse(text) as GuestOutbound
      sent.push(message)
      onMessage?.(message, guest)
    },
    (text: string) => JSON.stringify(answerSync(JSON.parse(text) as SyncRequest, {})),
    (name: string) => wrap(functions[name], "exports, context, require, console", name),
    (name: string) => wrap(modules[name], "exports, require, module", name),
  )
  const guest: Guest = { evaluate: (code) => runInContext(code, context), dispatch: (message) => dispatch(JSON.stringify(message)), sent }
  return guest
}

export interface Run { readonly end: GuestEnd; readonly operations: readonly GuestOperation[]; readonly messages: readonly GuestOutbound[] }

/** Runs `main`; `answer` gives the value of an operation, or throws `{ code, message }`. */
export async function runGuest(functions: { readonly [name: string]: string }, { start = {}, runAs = {}, answer = () => null, modules = {} }: {
  readonly start?: Partial<GuestStart>; readonly runAs?: { readonly [name: string]: RunAs }; readonly answer?: (operation: GuestOperation) => Json; readonly modules?: { readonly [name: string]: string }
} = {}): Promise<Run> {
  const operations: GuestOperation[] = []
  return new Promise((resolve) => {
    const guest = openGuest(functions, modules, (message) => {
      if (message.kind === "end") setImmediate(() => resolve({ end: message.end, operations, messages: guest.sent }))
      if (message.kind !== "ops") return
      const answers = message.ops.filter((operation) => operation.kind !== "timer-cancel").map((operation) => {
        operations.push(operation)
        if (operation.kind === "timer") return { id: operation.id, ok: true as const, value: null }
        try {
          return { id: operation.id, ok: true as const, value: answer(operation) }
        } catch (error) {
          const { code, message: text, transient } = error as { code: string; message: string; transient?: boolean }
          return { id: operation.id, ok: false as const, code, message: text, ...(transient === undefined ? {} : { transient }) }
        }
      })
      if (answers.length > 0) setImmediate(() => guest.dispatch({ kind: "done", answers }))
    })
    guest.dispatch({ kind: "start", start: { ...emptyStart, ...start }, functions: JSON.stringify(Object.fromEntries(Object.keys(functions).map((name) => [name, runAs[name] ?? { kind: "inherit" }]))) })
  })
}
