// The isolates of an executor: which one a call goes to, when there are more, and when one is thrown away.
import { GuestIsolate, type IsolatePlan } from "./guest-isolate.ts"

export interface PoolOptions {
  /** How many isolates there may be. */
  readonly isolates: number
  /** How many waiting calls may share one when there can be no more isolates. */
  readonly sharing: number
  readonly reserve: number
  /** An isolate is replaced after this many calls. */
  readonly recycleCalls: number
  readonly bootstrap: string
  readonly onCatastrophe: IsolatePlan["onCatastrophe"]
  readonly onFree: () => void
}

/** An isolate is replaced when its heap has grown to this part of its limit. SOURCE: specification, 10.2. */
const recycleHeap = 0.6
/** Most turns end within this time. */
const shortTurnMs = 2

export class IsolatePool {
  readonly #options: PoolOptions
  readonly #isolates = new Set<GuestIsolate>()

  readonly #plan: Omit<IsolatePlan, "memoryMb">

  constructor(options: PoolOptions) {
    this.#options = options
    const { bootstrap, reserve, onCatastrophe, onFree } = options
    this.#plan = { bootstrap, reserve, onCatastrophe, onFree, codeCache: { data: undefined } }
  }

  get isolates(): Iterable<GuestIsolate> {
    return this.#isolates
  }

  /** Makes an isolate, ready or not. */
  grow(memoryMb: number): GuestIsolate {
    const isolate = new GuestIsolate({ ...this.#plan, memoryMb })
    this.#isolates.add(isolate)
    return isolate
  }

  /** Makes an isolate ahead when none is idle, so that the next call need not wait for one. */
  warm(memoryMb: number): void {
    let count = 0
    for (const isolate of this.#isolates) {
      if (isolate.retired) continue
      if (isolate.live === 0 && isolate.memoryMb === memoryMb) return
      count++
    }
    if (count < this.#options.isolates) this.grow(memoryMb)
  }

  /** Whether more than half of the contexts that are kept ready are lacking. */
  get isShort(): boolean {
    let ready = 0
    let kept = 0
    for (const isolate of this.#isolates) {
      if (isolate.retired) continue
      ready += isolate.ready
      kept += this.#options.reserve
    }
    return ready * 2 < kept
  }

  /**
   * Makes one context ahead, where most are lacking. Says whether it did.
   *
   * A turn that has just begun is soon over, and its end would have to wait for this thread: nothing is made beside it. A
   * longer one is not waited for.
   */
  makeAhead(now: number): boolean {
    let neediest: GuestIsolate | undefined
    for (const isolate of this.#isolates) {
      if (isolate.running !== undefined && now - isolate.running.since < shortTurnMs) return false
      if (isolate.lacks > (neediest?.lacks ?? 0)) neediest = isolate
    }
    neediest?.makeAhead()
    return neediest !== undefined
  }

  /**
   * Where a call with this memory limit can begin at once: an isolate of its own if there may be one, else one whose
   * calls all wait for something. `undefined`: nowhere now.
   *
   * INVARIANT: one user's calls never sit in all isolates, so a user whose calls burn time leaves one for the others.
   */
  place(memoryMb: number, user: string): GuestIsolate | undefined {
    this.#sweep()
    const isolates = [...this.#isolates].filter((isolate) => !isolate.retired)
    const taken = isolates.filter((isolate) => isolate.liveOf(user) > 0)
    if (taken.length > 0 && taken.length >= this.#options.isolates - 1) return leastShared(taken, memoryMb, this.#options.sharing)
    return this.#placeAnywhere(memoryMb)
  }

  #placeAnywhere(memoryMb: number): GuestIsolate | undefined {
    let idle: GuestIsolate | undefined
    let misfit: GuestIsolate | undefined
    let count = 0
    for (const isolate of this.#isolates) {
      if (isolate.retired) continue
      count++
      if (isolate.running !== undefined) continue
      if (isolate.memoryMb !== memoryMb) {
        if (isolate.live === 0) misfit = isolate
      } else if (isolate.live === 0 && (idle === undefined || isolate.ready > idle.ready)) idle = isolate
    }
    if (idle !== undefined) return idle
    if (count < this.#options.isolates) return this.grow(memoryMb)
    if (misfit !== undefined) {
      this.remove(misfit)
      return this.grow(memoryMb)
    }
    return leastShared([...this.#isolates].filter((isolate) => !isolate.retired), memoryMb, this.#options.sharing)
  }

  #sweep(): void {
    for (const isolate of this.#isolates) {
      if (isolate.isDisposed && isolate.running === undefined) this.#isolates.delete(isolate)
    }
  }

  /** Looks at an isolate after a call has left it. */
  settle(isolate: GuestIsolate): void {
    const worn = isolate.calls >= this.#options.recycleCalls || isolate.heapBytes > recycleHeap * isolate.memoryMb * 1024 * 1024
    if (worn) isolate.retired = true
    if (isolate.retired) this.warm(isolate.memoryMb)
    if (isolate.retired && isolate.live === 0) this.remove(isolate)
  }

  /** Ends an isolate, whatever runs in it. It stays listed while its turn has not ended. */
  remove(isolate: GuestIsolate): void {
    isolate.dispose()
    if (isolate.running === undefined) this.#isolates.delete(isolate)
  }

  /** Ends isolates in which nothing happens. */
  shrink(): void {
    for (const isolate of this.#isolates) {
      if (isolate.live === 0 && isolate.running === undefined) this.remove(isolate)
    }
  }
}

function leastShared(isolates: readonly GuestIsolate[], memoryMb: number, sharing: number): GuestIsolate | undefined {
  let found: GuestIsolate | undefined
  for (const isolate of isolates) {
    if (isolate.running !== undefined || isolate.memoryMb !== memoryMb || isolate.live >= sharing) continue
    if (found === undefined || isolate.live < found.live) found = isolate
  }
  return found
}
