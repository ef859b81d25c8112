// An app of a few functions over a runtime that does not run, and data that records what it is asked.
import type { Document } from "../../../kernel/index.ts"
import type { AppFunction, AppModel } from "../../../server/app/index.ts"
import type { CallRequest, GuestAnswer, GuestOperation, Outcome } from "../../../runtime/index.ts"
import type { Caller, Cursor, DataService, DataSession, GuardedCollection } from "../../../server/data/index.ts"
import type { FunctionCaller, GuestRuntime } from "../../../server/functions/index.ts"

export function functionOf(name: string, settings: Partial<AppFunction> = {}): AppFunction {
  return { name, id: `id-${name}`, file: `functions/${name}.js`, source: "exports = () => 1", private: false, canEvaluate: { file: "", raw: {} }, disableArgLogs: false, runAsSystem: false, runAsUserId: undefined, runAsUserIdScript: undefined, ...settings }
}

export function appOf(functions: readonly AppFunction[], directory = ""): AppModel {
  return {
    version: 20230101, clientAppId: "app-abcde", name: "app", appId: "a", projectId: "p", deploymentModel: "LOCAL", providerRegion: "", allowedRequestOrigins: [], environment: { tag: "", values: {} }, values: new Map(),
    customUserData: undefined, providers: new Map(), dataSources: new Map(), functions: new Map(functions.map((each) => [each.name, each])), triggers: [], endpoints: [], httpServices: new Map(), directory,
  }
}

export const ada: Document = { id: "u1", type: "normal", data: { email: "ada@example.org" }, custom_data: {}, identities: [] }
export const asAda: FunctionCaller = { kind: "user", user: ada, request: { remoteIPAddress: "192.0.2.1", requestHeaders: {}, rawQueryString: "" } }

const usage = { wallMs: 2, cpuMs: 1, heapBytes: 100 }
export const returned = (result: string): Outcome => ({ kind: "returned", result, logs: [{ level: "log", text: "line" }, { level: "error", text: "bad" }], usage })

/** A runtime whose calls are answered by the test. */
export class FakeRuntime implements GuestRuntime {
  readonly calls: CallRequest[] = []
  respond: (request: CallRequest) => Promise<Outcome> | Outcome = () => returned("1")

  async deploy(): Promise<{ readonly problems: [] }> {
    return { problems: [] }
  }
  async remove(): Promise<void> {
    this.calls.length = 0
  }
  async call(request: CallRequest): Promise<Outcome> {
    this.calls.push(request)
    const outcome = await this.respond(request)
    request.capabilities.release()
    return outcome
  }
}

/** Asks the capabilities of a call for operations. */
export async function ask(request: CallRequest, operations: readonly GuestOperation[]): Promise<GuestAnswer[]> {
  const answers: GuestAnswer[] = []
  await new Promise<void>((resolve) => {
    request.capabilities.perform(operations, (some) => {
      answers.push(...some)
      if (answers.length === operations.length) resolve()
    })
  })
  return answers.sort((a, b) => a.id - b.id)
}

export const dataOperation = (id: number, identity: string, name: string, args: Document, session?: string): GuestOperation =>
  ({ id, kind: "data", identity, service: "mongodb-atlas", database: "app", collection: "notes", name, args: args as never, ...(session === undefined ? {} : { session }) })

/** Data that has `documents` everywhere and remembers who asked. */
export class FakeData implements DataService {
  readonly services = ["mongodb-atlas"]
  readonly seen: { readonly caller: Caller; readonly method: string; readonly args: readonly unknown[]; readonly session: DataSession | undefined }[] = []
  readonly sessions: string[] = []
  closedCursors = 0
  documents: readonly Document[] = []

  collection(_service: string, _namespace: unknown, caller: Caller, session?: DataSession): GuardedCollection {
    const cursor = (): Cursor => {
      const { documents } = this
      const close = async (): Promise<void> => {
        this.closedCursors++
      }
      return { toArray: async () => [...documents], close, async *[Symbol.asyncIterator]() { yield* documents } }
    }
    return new Proxy({} as GuardedCollection, {
      get: (_, method: string) => (...args: unknown[]) => {
        this.seen.push({ caller, method, args, session })
        return method === "find" || method === "aggregate" ? cursor() : Promise.resolve(method === "count" ? this.documents.length : null)
      },
    })
  }
  call(): Promise<never> {
    return Promise.reject(new TypeError("not used"))
  }
  async startSession(): Promise<DataSession> {
    this.sessions.push("start")
    return { commit: async () => void this.sessions.push("commit"), abort: async () => void this.sessions.push("abort") }
  }
  async listDatabases(): Promise<string[]> {
    return ["app"]
  }
  async listCollections(): Promise<string[]> {
    return ["notes"]
  }
}
