// Loaded into the server's process by `--import`: how long its event loop was blocked, and how much memory it holds. Answers on a
// socket of its own, so that a blocked server shows in the figures and not in the asking.
//
// A gap between two timers says little on a busy machine, where this thread may just have been waiting for a processor; so the
// processor time that the thread used in the gap is kept too. `blocked` is what the server's own work took.
import { createServer } from "node:http"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setFlagsFromString } from "node:v8"
import { isMainThread } from "node:worker_threads"
import { runInNewContext } from "node:vm"

export interface LoopFigures { readonly pid: number; readonly late: number; readonly blocked: number; readonly heapBytes: number; readonly rssBytes: number }

const everyMs = 2
if (isMainThread && process.env["BACKSTITCH_MONITOR"] !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: everyMs })
  delay.enable()
  let blocked = 0
  let since = { wall: performance.now(), cpu: cpuMs() }
  setInterval(() => {
    const now = { wall: performance.now(), cpu: cpuMs() }
    blocked = Math.max(blocked, Math.min(now.wall - since.wall, now.cpu - since.cpu))
    since = now
  }, everyMs).unref()
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  const server = createServer((request, response) => {
    const wantsMemory = request.url === "/memory"
    if (wantsMemory) collect()
    const memory = process.memoryUsage()
    const figures: LoopFigures = { pid: process.pid, late: delay.max / 1e6, blocked, heapBytes: memory.heapUsed + memory.external, rssBytes: memory.rss }
    response.end(JSON.stringify(figures), () => {
      if (wantsMemory) return
      delay.reset()
      blocked = 0
    })
  })
  server.listen(Number(process.env["BACKSTITCH_MONITOR"]), "127.0.0.1")
  server.unref()
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
