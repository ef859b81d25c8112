// One isolate of an executor: compiled files, contexts made ahead and used once, and turns one after another.
import ivm from "isolated-vm"
import type { GuestSource } from "./source-text.ts"

/** What a context tells the call that uses it. */
export interface GuestListener {
  /** One message of the guest. */
  receive(text: string): void
  /** One synchronous question of the guest. Whatever it throws becomes an error in the guest. */
  answer(text: string): string
}

/** A turn that is to run: the text for the guest is made when its time has come. */
export interface Turn {
  readonly context: GuestContext
  readonly text: () => string
  readonly begun: () => void
  /** `rejection`: what isolated-vm reports of the turn, such as a promise nobody handled. */
  readonly ended: (cpuMs: number, rejection: Rejection | undefined) => void
}

/** `lost`: the isolate is gone, by memory, by us, or by itself. */
export type Rejection = { readonly kind: "unhandled"; readonly text: string } | { readonly kind: "lost"; readonly memory: boolean }

/** A context that was made ahead and serves one call. */
export class GuestContext {
  /** Nobody listens until a call takes the context, and after it has ended. */
  listener: GuestListener | undefined
  readonly context: ivm.Context
  dispatch: ivm.Reference<(text: string) => void> | undefined

  constructor(context: ivm.Context) {
    this.context = context
  }

  /** Frees what isolated-vm holds; an isolate is exhausted by contexts that are not released. */
  release(): void {
    this.listener = undefined
    this.dispatch?.release()
    this.dispatch = undefined
    this.context.release()
  }
}

/**
 * Compiled code that isolates of one process share.
 *
 * SECURITY: it is machine code; it is made in this process from our own text, before guest code has run, and never leaves it.
 */
export interface CodeCache { data: ivm.ExternalCopy<ArrayBuffer> | undefined }

/** What every isolate of an executor is made from. */
export interface IsolatePlan {
  readonly memoryMb: number
  readonly bootstrap: string
  /** The bootstrap as the first isolate has compiled it, for those after it. */
  readonly codeCache: CodeCache
  /** How many contexts are kept ready. */
  readonly reserve: number
  /** The engine has lost control over this isolate: the process has to end. */
  readonly onCatastrophe: (isolate: GuestIsolate, message: string) => void
  /** Something has changed that may let a waiting call begin. */
  readonly onFree: () => void
}

/**
 * An isolate and its contexts.
 *
 * INVARIANT: one turn at a time. So the time an isolate burns belongs to the call whose turn it is, and a forced stop
 * has one culprit. Nothing synchronous is asked of an isolate in whose turn it is: it could be in an endless loop, and the
 * executor's own thread would wait for it.
 */
export class GuestIsolate {
  readonly memoryMb: number
  readonly #plan: IsolatePlan
  readonly #isolate: ivm.Isolate
  readonly #scripts = new Map<GuestSource, Promise<ivm.Script>>()
  readonly #reserve: GuestContext[] = []
  readonly #turns: Turn[] = []
  readonly #bootstrap: Promise<ivm.Script>
  /** The bootstrap, once it is compiled. */
  #compiled: ivm.Script | undefined
  #calls = 0
  #sampledAt = -Infinity
  /** Calls that are in this isolate now, of each user. */
  readonly #users = new Map<string, number>()
  live = 0
  /** No new call is put here. */
  retired = false
  running: { readonly turn: Turn; readonly since: number; readonly cpu: bigint } | undefined
  heapBytes = 0

  constructor(plan: IsolatePlan) {
    this.#plan = plan
    this.memoryMb = plan.memoryMb
    this.#isolate = new ivm.Isolate({ memoryLimit: plan.memoryMb, onCatastrophicError: (message) => plan.onCatastrophe(this, message) })
    this.#bootstrap = this.#compileBootstrap(plan)
    this.#bootstrap.then(
      (script) => {
        this.#compiled = script
        plan.onFree()
      },
      () => this.#lose(),
    )
  }

  async #compileBootstrap({ bootstrap, codeCache }: IsolatePlan): Promise<ivm.Script> {
    const known = codeCache.data
    const script = await this.#isolate.compileScript(bootstrap, { filename: "backstitch:prelude", ...(known === undefined ? { produceCachedData: true } : { cachedData: known }) })
    codeCache.data ??= (script as ivm.Script & ivm.CachedDataResult).cachedData
    return script
  }

  get isDisposed(): boolean {
    return this.#isolate.isDisposed
  }

  get ready(): number {
    return this.#reserve.length
  }

  /** Calls begun so far. */
  get calls(): number {
    return this.#calls
  }

  liveOf(user: string): number {
    return this.#users.get(user) ?? 0
  }

  /** Counts a call in. */
  admit(user: string): void {
    this.live++
    this.#users.set(user, this.liveOf(user) + 1)
  }

  /** Counts a call out. */
  dismiss(user: string): void {
    this.live--
    const left = this.liveOf(user) - 1
    if (left > 0) this.#users.set(user, left)
    else this.#users.delete(user)
  }

  /** Resolves when it can make contexts, and has made one. */
  async open(): Promise<void> {
    this.#reserve.push(await this.#makeLater())
  }

  /** How many contexts it lacks and could make now, without waiting for anything. */
  get lacks(): number {
    return this.retired || this.isDisposed || this.running !== undefined || this.#compiled === undefined ? 0 : this.#plan.reserve - this.#reserve.length
  }

  /** Makes one context for a later call. INVARIANT: only where something is lacking, see {@link lacks}. */
  makeAhead(): void {
    const context = this.#make()
    if (context !== undefined) this.#reserve.push(context)
  }

  /**
   * Makes a context in this thread, or none when the isolate is lost.
   *
   * INVARIANT: no turn is running. What else may be queued in the isolate is work of ours and comes to an end, so this thread does not wait long;
   * and it does without the switches between threads that cost a third of a context. docs/decisions/0185 has the figures.
   */
  #make(): GuestContext | undefined {
    if (this.#compiled === undefined) return undefined
    try {
      const context = new GuestContext(this.#isolate.createContextSync())
      const make = this.#compiled.runSync(context.context, { reference: true })
      context.dispatch = make.applySync(undefined, [...channelOf(context)], { result: { reference: true } }) as ivm.Reference<(text: string) => void>
      make.release()
      return context
    } catch {
      this.#lose()
      return undefined
    }
  }

  async #makeLater(): Promise<GuestContext> {
    const script = await this.#bootstrap
    const context = new GuestContext(await this.#isolate.createContext())
    const make = await script.run(context.context, { reference: true })
    context.dispatch = (await make.apply(undefined, [...channelOf(context)], { result: { reference: true } })) as ivm.Reference<(text: string) => void>
    make.release()
    return context
  }

  /** A context nobody has used, made now if none is ready. */
  takeContext(): GuestContext | Promise<GuestContext> {
    this.#calls++
    return this.#reserve.pop() ?? (this.running === undefined ? this.#make() : undefined) ?? this.#makeLater()
  }

  /** Puts the wrappers a call is likely to need into its context. They are queued before whatever is queued next. */
  async loadSources(context: GuestContext, sources: readonly GuestSource[]): Promise<void> {
    for (const source of sources) {
      const known = this.#scripts.get(source)
      const script = await (known ?? this.#compile(source))
      script.runIgnored(context.context)
    }
  }

  #compile(source: GuestSource): Promise<ivm.Script> {
    const head = `__load(${JSON.stringify(source.kind)}, ${JSON.stringify(source.name)}, `
    const script = this.#isolate.compileScript(`${head}${source.wrapper})`, { filename: source.filename, columnOffset: -head.length - source.margin })
    this.#scripts.set(source, script)
    return script
  }

  /** Queues a turn. */
  enter(turn: Turn): void {
    this.#turns.push(turn)
    if (this.running === undefined) void this.#runTurns()
  }

  async #runTurns(): Promise<void> {
    for (let turn = this.#turns.shift(); turn !== undefined; turn = this.#turns.shift()) {
      const dispatch = turn.context.dispatch
      if (dispatch === undefined) continue
      const cpu = this.isDisposed ? 0n : this.#isolate.cpuTime
      this.running = { turn, since: performance.now(), cpu }
      let rejection: Rejection | undefined
      try {
        turn.begun()
        // INVARIANT: the bootstrap's dispatch returns nothing and throws nothing, so nothing of the guest is copied here.
        await dispatch.apply(undefined, [turn.text()])
      } catch (error) {
        rejection = this.#explain(error)
      }
      const spent = this.cpuOfTurn()
      this.running = undefined
      turn.ended(spent, rejection)
    }
    if (performance.now() - this.#sampledAt > 100) this.sampleHeap()
    this.#plan.onFree()
  }

  /** Milliseconds of processor time of the turn that is running. */
  cpuOfTurn(): number {
    if (this.running === undefined || this.isDisposed) return 0
    return Number(this.#isolate.cpuTime - this.running.cpu) / 1e6
  }

  #explain(error: unknown): Rejection {
    if (this.isDisposed) {
      const memory = error instanceof Error && /memory limit/.test(error.message)
      if (memory) this.#lose()
      return { kind: "lost", memory }
    }
    return { kind: "unhandled", text: describeRejection(error) }
  }

  /** Notes how large the heap is, as soon as the isolate has time to say. */
  sampleHeap(): void {
    if (this.isDisposed) return
    this.#sampledAt = performance.now()
    this.#isolate.getHeapStatistics().then(
      (heap) => { this.heapBytes = heap.used_heap_size + (heap.externally_allocated_size ?? 0) },
      () => undefined,
    )
  }

  /** Ends the isolate, whatever runs in it. A turn that is running ends with rejection `lost`, if the engine can stop it. */
  dispose(): void {
    this.#lose()
    if (!this.isDisposed) this.#isolate.dispose()
  }

  #lose(): void {
    this.retired = true
    this.#reserve.length = 0
    this.#plan.onFree()
  }
}

// SECURITY: these two are all the guest has of the host. Both take one text; the first gives nothing back, whatever happens here.
function channelOf(context: GuestContext): readonly [ivm.Callback, ivm.Callback] {
  return [
    new ivm.Callback((text: unknown) => context.listener?.receive(String(text)), { ignored: true }),
    new ivm.Callback((text: unknown) => context.listener?.answer(String(text)) ?? "{}", { sync: true }),
  ]
}

/** Text of a rejection as isolated-vm copied it: an error of our realm, or a primitive. */
function describeRejection(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "object" || typeof error === "function" ? "object" : String(error).slice(0, 4096)
  if (error.message.includes("within isolated-vm, but that object was not an instance of `Error`")) return "object"
  return `${error.name}: ${error.message}`.slice(0, 4096)
}
