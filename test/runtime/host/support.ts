// Starts runtimes for tests and calls functions in them with little ceremony.
import { createRuntime, type AppCode, type CallLimits, type CallRequest, type Capabilities, type GuestAnswer, type GuestModules, type GuestOperation, type GuestStart, type Outcome, type Runtime, type RuntimeOptions } from "../../../runtime/index.ts"
import type { Json } from "../../../kernel/index.ts"

const fixture = new URL("./fixture-guest.ts", import.meta.url)
/** The small guest side of these tests. */
export const fixtureGuest: GuestModules = { prelude: fixture, sync: fixture }

export function codeOf(functions: { readonly [name: string]: string }, modules: { readonly [name: string]: string } = {}): AppCode {
  return { functions: Object.entries(functions).map(([name, source]) => ({ name, source, runAs: { kind: "inherit" } })), modules }
}

export function startOf(name: string, args: readonly Json[] = []): GuestStart {
  return {
    function: name, args, user: { id: "u1", type: "normal", data: {}, custom_data: {}, identities: [] }, request: {}, app: {}, environment: { tag: "", values: {} },
    values: {}, services: ["mongodb-atlas"], httpServices: [], identities: { caller: "token-caller", system: "token-system", users: {} }, callerIsSystem: false,
    limits: { executeDepth: 100, executions: 10_000, outstanding: 1000, resultBytes: 16 * 1024 * 1024 }, now: 0, errorText: "plain",
  }
}

/** Capabilities that answer by a function, and remember what they were asked. */
export interface FakeCapabilities extends Capabilities { readonly asked: GuestOperation[]; readonly batches: number[]; released: number }

export function fakeCapabilities(answer: (operation: GuestOperation) => Json | Promise<Json> = () => null): FakeCapabilities {
  const fake: FakeCapabilities = {
    asked: [], batches: [], released: 0,
    perform(operations, reply) {
      fake.asked.push(...operations)
      fake.batches.push(operations.length)
      void Promise.all(operations.map(async ({ id, ...rest }): Promise<GuestAnswer> => ({ id, ok: true, value: await answer({ id, ...rest } as GuestOperation) }))).then(reply)
    },
    release: () => void fake.released++,
  }
  return fake
}

export interface Harness {
  readonly runtime: Runtime
  call(name: string, args?: readonly Json[], more?: Partial<CallRequest> & { readonly limits?: Partial<CallLimits> }): Promise<Outcome>
}

/** A runtime with one app, `app`. */
export async function harness(functions: { readonly [name: string]: string }, options: RuntimeOptions = {}, modules: { readonly [name: string]: string } = {}): Promise<Harness> {
  const runtime = createRuntime({ executors: 1, ...options, guest: options.guest ?? fixtureGuest })
  await runtime.deploy("app", codeOf(functions, modules))
  return { runtime, call: (name, args = [], more = {}) => runtime.call({ app: "app", start: startOf(name, args), capabilities: fakeCapabilities(), ...more }) }
}
