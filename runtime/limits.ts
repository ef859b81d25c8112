import type { CallLimits } from "./protocol.ts"

/** The limits a call has when nothing else is said. SOURCE: specification of the function runtime, 2.6. */
export const defaultLimits: CallLimits = {
  wallMs: 300_000,
  cpuMs: 60_000,
  memoryMb: 350,
  resultBytes: 16 * 1024 * 1024,
  executeDepth: 100,
  executions: 10_000,
  outstandingOperations: 1000,
}

/** The smallest heap an isolate can have, in megabytes; isolated-vm refuses less than 8, and the prelude wants some. */
export const smallestMemoryMb = 16

/** Completes limits, and puts each into the range the executor can keep. */
export function completeLimits(given: Partial<CallLimits> | undefined, defaults: CallLimits): CallLimits {
  const limits = { ...defaults, ...given }
  return { ...limits, memoryMb: Math.max(smallestMemoryMb, Math.ceil(limits.memoryMb)) }
}

/** Resident memory at which an executor is killed. SOURCE: specification, 9.3 (7). */
export function residentCeilingBytes(memoryMb: number): number {
  return (2 * memoryMb + 300) * 1024 * 1024
}

/** Console lines kept of a call. SOURCE: specification, 2.6. */
export const logLines = 25

/** How long the server waits beyond a call's own limit before it kills the executor. */
export const hardDeadlineGraceMs = 1500

/** No frame between server and executor is longer; a longer one ends the executor. A result of 16 MiB can double when it is quoted. */
export const frameBytes = 48 * 1024 * 1024

/** One operation is refused when it is longer than this, as JSON text. SOURCE: specification, 2.2: 18 MB for a request. */
export const operationBytes = 18 * 1024 * 1024

/** Operations travel in frames of about this length at most, so that reading one does not keep the server from others. */
export const batchBytes = 1024 * 1024
