// Whom the watchdog of an executor takes for the one that fills the process.
import { afterEach, expect, test, vi } from "vitest"
import type { GuestCall } from "../../../runtime/guest-call.ts"
import type { IsolatePool } from "../../../runtime/isolate-pool.ts"
import { Watchdog } from "../../../runtime/watchdog.ts"

const megabyte = 1024 * 1024

afterEach(() => void vi.restoreAllMocks())

interface Fake { readonly running?: boolean; readonly cpuMs?: number }

/** Looks again and again while the process has these sizes in megabytes, the last for good; gives what became of the calls. */
async function watch(sizes: readonly number[], fakes: Readonly<Record<string, Fake>>): Promise<{ readonly ended: readonly string[]; readonly shrunk: boolean }> {
  const ended: string[] = []
  let shrunk = false
  let looks = 0
  vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => (sizes[Math.min(looks++, sizes.length - 1)] as number) * megabyte)
  const isolate = { isDisposed: false, live: 1, running: {}, sampleHeap: () => undefined }
  const calls = new Map(Object.entries(fakes).map(([name, { running = true, cpuMs = 1 }], id) => [id, {
    isolate, isRunning: running, cpuMs, wallMs: 1, repliedFor: 0, limits: { memoryMb: 350, wallMs: 60_000, cpuMs: 60_000 }, served: {}, residentWhenSeen: undefined, flushLogs: () => undefined,
    finish: (end: { readonly kind: string; readonly reason?: string }) => ended.push(`${name} ${end.kind} ${end.reason}`),
  } as unknown as GuestCall]))
  const pool = { isolates: [isolate], shrink: () => void (shrunk = true) } as unknown as IsolatePool
  const { promise, resolve } = Promise.withResolvers<void>()
  const onTick = (): boolean => {
    if (looks > sizes.length + 1 || ended.length > 0 || shrunk) {
      calls.clear()
      resolve()
    }
    return calls.size > 0
  }
  new Watchdog({ pool, calls, discard: () => undefined, onHang: () => undefined, onTick }).wake()
  await promise
  return { ended, shrunk }
}

test("the call under which the process has grown beyond its size", async () => {
  expect(await watch([200, 400, 900], { filling: {} })).toEqual({ ended: ["filling terminated memory"], shrunk: false })
})

test("of several, that which burns most time", async () => {
  expect(await watch([200, 900], { waiting: { running: false, cpuMs: 50 }, little: { cpuMs: 2 }, filling: { cpuMs: 20 } })).toMatchObject({ ended: ["filling terminated memory"] })
})

test("no call that has found the process as large as it is: idle isolates are given up", async () => {
  expect(await watch([900, 905, 910], { innocent: { cpuMs: 30 } })).toEqual({ ended: [], shrunk: true })
})

test("nobody while the process is within its size", async () => {
  expect(await watch([200, 770, 770], { filling: {} })).toEqual({ ended: [], shrunk: false })
})
