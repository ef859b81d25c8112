// Runs user-authored functions. Guest code runs in executor processes only; nothing here loads an isolate.
import { availableParallelism } from "node:os"
import { AppPool, type RuntimeLog } from "./app-pool.ts"
import type { ExecutorSettings } from "./executor.ts"
import { ExecutorProcess, type CodeProblem, type GuestModules } from "./executor-process.ts"
import { completeLimits, defaultLimits } from "./limits.ts"
import { PendingCall, type CallRequest } from "./pending-call.ts"
import type { AppCode, CallLimits, Outcome } from "./protocol.ts"

export type { RuntimeEvent, RuntimeLog } from "./app-pool.ts"
export type { CodeProblem, GuestModules } from "./executor-process.ts"
export type { CallRequest } from "./pending-call.ts"
export { defaultLimits } from "./limits.ts"
export { scriptPrefix } from "./protocol.ts"
export type * from "./protocol.ts"

export interface RuntimeOptions {
  /** Executor processes an app; by default one a core, two at most. */
  readonly executors?: number
  /**
   * What a call has for itself: a `context` in an isolate that others use too, before, after, and while it waits (default); or an
   * `isolate`, thrown away after the call. An isolate costs some five times as much; heap and forced stops are then never another call's.
   */
  readonly isolation?: "context" | "isolate"
  /** Isolates an executor may have; by default four, or sixteen where each call has one for itself. */
  readonly isolates?: number
  /** Calls that may share an isolate while all of them wait; by default sixteen. */
  readonly sharing?: number
  /** Contexts an isolate keeps ready; by default four. */
  readonly reserve?: number
  /** Limits of a call where its request says nothing else. */
  readonly limits?: Partial<CallLimits>
  /** Calls that may wait for a place, in an app and of one user, and for how long. */
  readonly queue?: { readonly all?: number; readonly user?: number; readonly waitMs?: number }
  readonly log?: RuntimeLog
  /** The guest's side, where it is not the one of this project. */
  readonly guest?: GuestModules
}

/** Code that is in use. */
export interface Deployment {
  readonly app: string
  /** Files that cannot be compiled; calls of them fail with `FunctionSyntaxError`. */
  readonly problems: readonly CodeProblem[]
}

export interface Runtime {
  /** Starts an executor ahead of the deployment that will need one, while what it needs is still being read. */
  prepare(): void
  /**
   * Puts code into use. Resolves when it can be called; calls that run by then come to their end on the code before.
   * Rejects, and leaves what was, when no executor can be started.
   */
  deploy(app: string, code: AppCode): Promise<Deployment>
  /** Takes an app away; resolves when its last call has ended. */
  remove(app: string): Promise<void>
  /** Runs a function of a deployed app. Never rejects for anything a guest does. */
  call(request: CallRequest): Promise<Outcome>
  /** Takes no more calls, gives those that run some time (2 s by default), and ends every executor. */
  close(withinMs?: number): Promise<void>
}

const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js"
const ownGuest = (): GuestModules => ({ prelude: new URL(`./guest/index${extension}`, import.meta.url), sync: new URL(`./guest-sync${extension}`, import.meta.url) })
const noted: RuntimeLog = () => undefined

/** An isolate is replaced after this many calls. SOURCE: specification of the function runtime, 10.2. */
const recycleCalls = 1000

function sharingOf({ isolation, isolates, sharing, reserve }: RuntimeOptions): Omit<ExecutorSettings, "memoryMb"> {
  if (isolation === "isolate") return { isolates: isolates ?? 16, sharing: 1, reserve: 1, recycleCalls: 1 }
  return { isolates: isolates ?? 4, sharing: sharing ?? 16, reserve: reserve ?? 4, recycleCalls }
}

/** A runtime without apps. */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const limits = completeLimits(options.limits, defaultLimits)
  const plan = {
    executors: options.executors ?? Math.min(2, availableParallelism()),
    settings: { ...sharingOf(options), memoryMb: limits.memoryMb },
    modules: options.guest ?? ownGuest(),
    queue: { all: 2000, user: 500, waitMs: 30_000, ...options.queue },
    log: options.log ?? noted,
    takePrepared: (): ExecutorProcess | undefined => {
      const taken = prepared
      prepared = undefined
      return taken?.isGone === true ? undefined : taken
    },
  }
  let prepared: ExecutorProcess | undefined
  const pools = new Map<string, AppPool>()
  const leaving = new Set<Promise<void>>()
  let lastCall = 0
  let closed = false

  const retire = (pool: AppPool, withinMs: number): Promise<void> => {
    const gone = pool.close(withinMs).finally(() => leaving.delete(gone))
    leaving.add(gone)
    return gone
  }

  return {
    prepare() {
      if (!closed) prepared ??= new ExecutorProcess({ settings: plan.settings, modules: plan.modules })
    },
    async deploy(app, code) {
      if (closed) throw new TypeError("Cannot deploy: the runtime is closed")
      const pool = new AppPool(app, JSON.stringify(code), plan)
      const problems = await pool.ready.catch(async (error: unknown) => {
        await pool.close(0)
        throw error
      })
      const before = pools.get(app)
      pools.set(app, pool)
      before?.handOver(pool)
      if (before !== undefined) void retire(before, limits.wallMs + 5000)
      return { app, problems }
    },
    async remove(app) {
      const pool = pools.get(app)
      pools.delete(app)
      if (pool !== undefined) await retire(pool, limits.wallMs + 5000)
    },
    call(request) {
      // INVARIANT: ids are those of the frames, 32 bits; one that wraps around meets no call that is still there.
      lastCall = (lastCall + 1) >>> 0
      const call = new PendingCall(lastCall, request, completeLimits(request.limits, limits))
      const pool = pools.get(request.app)
      if (pool === undefined) call.refuse("unavailable")
      else pool.submit(call)
      return call.outcome
    },
    async close(withinMs = 2000) {
      closed = true
      prepared?.kill()
      const all = [...pools.values()].map((pool) => retire(pool, withinMs))
      pools.clear()
      await Promise.all([...all, ...leaving])
    },
  }
}
