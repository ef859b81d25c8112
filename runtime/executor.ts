// The main module of an executor process: one app, several isolates. It holds no credential, reads no file after its
// start and opens no socket; it has one pipe to the server.
import { Socket } from "node:net"
import { setPriority } from "node:os"
import { bootstrapText } from "./bootstrap.ts"
import { encodeFrame, FrameReader, fromExecutor, toExecutor, type Frame } from "./frames.ts"
import { GuestCall, type CallEnd, type CallOrder, type CallSurroundings } from "./guest-call.ts"
import type { GuestIsolate } from "./guest-isolate.ts"
import { IsolatePool } from "./isolate-pool.ts"
import { batchOperations } from "./batches.ts"
import { frameBytes } from "./limits.ts"
import { own } from "./own.ts"
import type { AppCode, SyncAnswer, SyncRequest } from "./protocol.ts"
import { prepareSources, type GuestSources } from "./source-text.ts"
import { Watchdog } from "./watchdog.ts"

/** What the server says of an executor when it starts it. */
export interface ExecutorSettings { readonly isolates: number; readonly sharing: number; readonly reserve: number; readonly recycleCalls: number; readonly memoryMb: number }
/** The first part of a `call` frame. */
export type CallHead = Omit<CallOrder, "id" | "at">

interface Waiting { readonly order: CallOrder; readonly start: string }

type AnswerSync = (request: SyncRequest, modules: AppCode["modules"]) => SyncAnswer

/** How far guests stand behind the server where both want the processor. */
const niceness = 5

const [, , preludeModule, syncModule] = process.argv
const socket = new Socket({ fd: 3, readable: true, writable: true })
const calls = new Map<number, GuestCall>()
const waiting: Waiting[] = []
let prepared: Promise<AnswerSync> | undefined
let pool: IsolatePool
let watchdog: Watchdog
let surroundings: CallSurroundings
let draining = false
let isTending = false
let maker: NodeJS.Timeout | NodeJS.Immediate | undefined
let retireBy = Infinity

function send(type: number, call: number, split: number, body: string): void {
  socket.write(encodeFrame(type, call, split, body))
}

// SIGKILL and not `exit`: with a thread of an isolate that cannot be stopped, the orderly way out waits for ever.
function die(): void {
  process.kill(process.pid, "SIGKILL")
}

/** No call comes any more; ends the process when those that are in it are done, or after some time. */
function retire(withinMs: number): void {
  if (retireBy === Infinity) send(fromExecutor.retire, 0, 0, "{}")
  retireBy = Math.min(retireBy, performance.now() + withinMs)
  watchdog.wake()
  leaveIfDone()
}

function leaveIfDone(): void {
  if (performance.now() < retireBy && (calls.size > 0 || waiting.length > 0 || (!draining && retireBy === Infinity))) return
  socket.end(die)
  setTimeout(die, 1000)
}

function discard(isolate: GuestIsolate): void {
  pool.remove(isolate)
  if (retireBy === Infinity) pool.warm(isolate.memoryMb)
  for (const call of calls.values()) if (call.isolate === isolate) call.finish({ kind: "lost" })
}

function onCatastrophe(isolate: GuestIsolate): void {
  for (const call of calls.values()) {
    if (call.isolate === isolate) call.finish(call.isRunning ? { kind: "terminated", reason: "memory" } : { kind: "lost" })
  }
  isolate.retired = true
  retire(500)
}

function onEnded(call: GuestCall, end: CallEnd): void {
  calls.delete(call.id)
  call.isolate.dismiss(call.user)
  const usage = { wallMs: call.wallMs, cpuMs: call.cpuMs, heapBytes: call.isolate.heapBytes }
  const result = end.kind === "guest" && own(end.end, "ok") === true ? own(end.end, "result") : undefined
  // A result is not quoted once more: it may be long, and the server need not read it.
  if (end.kind === "guest" && typeof result === "string") sendEnd(call, { kind: "returned", usage, logs: own(end.end, "logs") ?? [] }, result)
  else if (end.kind === "guest") sendEnd(call, { kind: "guest", usage }, JSON.stringify(end.end ?? null))
  else sendEnd(call, { ...end, usage }, "")
  pool.settle(call.isolate)
  if (draining || retireBy !== Infinity) leaveIfDone()
}

function sendEnd(call: GuestCall, fields: Readonly<Record<string, unknown>>, body: string): void {
  const head = JSON.stringify(fields)
  send(fromExecutor.end, call.id, head.length, head + body)
}

function placeWaiting(): void {
  const passed = new Set<string>()
  for (let index = 0; index < waiting.length && passed.size < 8; ) {
    const { order, start } = waiting[index]!
    const isolate = passed.has(order.user) ? undefined : pool.place(order.limits.memoryMb, order.user)
    if (isolate === undefined) {
      passed.add(order.user)
      index++
      continue
    }
    waiting.splice(index, 1)
    const call = new GuestCall(order, isolate, surroundings)
    calls.set(order.id, call)
    isolate.admit(order.user)
    void call.begin(start)
  }
}

/** Looks after the calls that wait, and when there are none, makes contexts ahead. */
function tend(): void {
  isTending = false
  placeWaiting()
  // Not at once while there are enough: a reply has just left, and whoever gets it may be waiting for the processor this thread is on.
  maker ??= pool.isShort ? setImmediate(makeAhead) : setTimeout(makeAhead, 1)
}

function tendSoon(): void {
  if (isTending) return
  isTending = true
  setImmediate(tend)
}

/** Makes one context, then lets what has arrived meanwhile go first. */
function makeAhead(): void {
  maker = undefined
  if (waiting.length > 0 || retireBy !== Infinity || !pool.makeAhead(performance.now())) return
  maker = setImmediate(makeAhead)
}

function onTick(tick: number): boolean {
  for (const { order } of waiting.filter((each) => performance.now() - each.order.at > each.order.limits.wallMs)) giveUp(order)
  const running = [...calls.values()].filter((call) => call.isRunning)
  if (tick % 10 === 0 || running.some((call) => performance.now() - (call.isolate.running?.since ?? Infinity) > 20)) {
    send(fromExecutor.beat, 0, 0, JSON.stringify({ rss: process.memoryUsage.rss(), running: running.map((call) => [call.id, Math.round(call.cpuMs)]) }))
  }
  if (retireBy !== Infinity) leaveIfDone()
  tendSoon()
  return waiting.length > 0 || retireBy !== Infinity
}

/** Ends a call whose time is over before it had a place. */
function giveUp(order: CallOrder): void {
  waiting.splice(waiting.findIndex((each) => each.order === order), 1)
  const head = JSON.stringify({ kind: "terminated", reason: "wall-time", usage: { wallMs: performance.now() - order.at, cpuMs: 0, heapBytes: 0 } })
  send(fromExecutor.end, order.id, head.length, head)
}

/** Does what can be done before the code has come: reads the guest's side and makes an isolate. */
async function prepare(settings: ExecutorSettings): Promise<AnswerSync> {
  const [{ preludeSource }, { answerSync }] = (await Promise.all([import(preludeModule!), import(syncModule!)])) as [{ preludeSource(): string }, { answerSync: AnswerSync }]
  pool = new IsolatePool({ ...settings, bootstrap: bootstrapText(preludeSource()), onCatastrophe, onFree: tendSoon })
  watchdog = new Watchdog({ pool, calls, discard, onHang: () => retire(500), onTick })
  // A prelude that does not run must show here and not in every call.
  await pool.grow(settings.memoryMb).open()
  if (settings.isolates > 1) pool.grow(settings.memoryMb)
  return answerSync
}

async function setUp(code: AppCode): Promise<void> {
  const sources: GuestSources = prepareSources(code)
  const answerSync = await prepared
  if (answerSync === undefined) throw new TypeError("Cannot take code before settings")
  surroundings = {
    sources,
    functionsText: JSON.stringify(JSON.stringify(Object.fromEntries(code.functions.map((each) => [each.name, each.runAs])))),
    answerSync: (request) => answerSync(request, code.modules),
    sendOperations: (call, operations) => batchOperations(operations, (count, body) => send(fromExecutor.ops, call.id, count, body)),
    sendLogs: (call, lines) => send(fromExecutor.logs, call.id, lines.length, JSON.stringify(lines)),
    ended: onEnded,
    served: () => watchdog.lookForFlood(),
  }
  const files = [...sources.functions.values(), ...sources.modules.values()]
  send(fromExecutor.ready, 0, 0, JSON.stringify({ problems: files.filter((each) => each.problem !== undefined).map(({ kind, name, problem }) => ({ kind, name, problem })) }))
}

function fail(error: unknown): void {
  process.stderr.write(`Cannot set up the executor: ${String(own(error, "stack") ?? error)}\n`, die)
}

function onFrame(frame: Frame): void {
  if (frame.type === toExecutor.answers) calls.get(frame.call)?.takeAnswers({ count: frame.split, text: frame.body })
  else if (frame.type === toExecutor.call) {
    const head = JSON.parse(frame.body.slice(0, frame.split)) as CallHead
    waiting.push({ order: { ...head, id: frame.call, at: performance.now() }, start: frame.body.slice(frame.split) })
    watchdog.wake()
    placeWaiting()
  } else if (frame.type === toExecutor.settings) {
    prepared = prepare(JSON.parse(frame.body) as ExecutorSettings)
    prepared.catch(fail)
  } else if (frame.type === toExecutor.code) {
    setUp(JSON.parse(frame.body) as AppCode).catch(fail)
  } else if (frame.type === toExecutor.abandon) {
    const call = calls.get(frame.call)
    const running = call?.isRunning
    call?.finish({ kind: "lost" })
    if (call !== undefined && running === true) discard(call.isolate)
  } else if (frame.type === toExecutor.drain) {
    draining = true
    leaveIfDone()
  }
}

// Guests give way to the server. Threads of isolates are begun later and take this over.
try {
  setPriority(niceness)
} catch {
  // Not every platform lets a process lower itself; nothing relies on it.
}
const frames = new FrameReader(frameBytes, onFrame)
socket.on("data", (chunk: Buffer) => frames.push(chunk))
socket.on("close", die)
socket.on("error", die)
