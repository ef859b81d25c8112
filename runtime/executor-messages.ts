// Messages of an executor, as the server reads them.
// SECURITY: hostile input; whatever is not as it should be becomes the mildest thing that is true of it.
import type { Frame } from "./frames.ts"
import { own } from "./own.ts"
import type { TerminationReason, Usage } from "./protocol.ts"

/** A text as JSON; undefined for what is none. */
export function parseMessage(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** How a call ended, as its executor says. */
export type ExecutorEnd =
  | { readonly kind: "guest"; readonly end: unknown; readonly usage: Usage }
  | { readonly kind: "terminated"; readonly reason: TerminationReason; readonly usage: Usage }
  | { readonly kind: "lost" }

const reasons: readonly TerminationReason[] = ["wall-time", "cpu-time", "memory", "never-settles"]

/** Reads an `end` frame. */
export function readEnd(frame: Frame): ExecutorEnd {
  const head = parseMessage(frame.body.slice(0, frame.split))
  const usage = readUsage(own(head, "usage"))
  if (own(head, "kind") === "returned") return { kind: "guest", end: { ok: true, result: frame.body.slice(frame.split), logs: own(head, "logs") }, usage }
  if (own(head, "kind") === "guest") return { kind: "guest", end: parseMessage(frame.body.slice(frame.split)), usage }
  const reason = reasons.find((each) => each === own(head, "reason"))
  return reason === undefined ? { kind: "lost" } : { kind: "terminated", reason, usage }
}

function readUsage(raw: unknown): Usage {
  const read = (key: keyof Usage): number => {
    const value = own(raw, key)
    return typeof value === "number" && value >= 0 ? value : 0
  }
  return { wallMs: read("wallMs"), cpuMs: read("cpuMs"), heapBytes: read("heapBytes") }
}

/** Reads a `beat`: the calls whose turn it is, and the processor time each has used. */
export function readBeat(body: string): Map<number, number> {
  const running = own(parseMessage(body), "running")
  const found = new Map<number, number>()
  for (const each of Array.isArray(running) ? running.slice(0, 1000) : []) {
    if (Array.isArray(each) && typeof each[0] === "number" && typeof each[1] === "number") found.set(each[0], each[1])
  }
  return found
}
