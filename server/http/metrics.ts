// Metrics in Prometheus' text format. Labels are of bounded sets only: routes of the table, statuses, kinds of functions, codes; no user, no name a caller chose.
import { Socket } from "node:net"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { FastifyInstance, FastifyRequest } from "fastify"
import type { Registry } from "prom-client"
import type { FunctionLogEntry } from "../functions/index.ts"
import { RequestError } from "../errors.ts"
import { bearerOf, clientPrefix, isSameToken, sendError } from "./router.ts"

/** What the runtime tells that is counted. */
export type ExecutorEvent = { readonly kind: string; readonly pid?: number | undefined; readonly because?: string }

/** The numbers of one server. */
export interface Metrics {
  request(route: string, method: string, status: number, seconds: number, provider: string | undefined): void
  functionEnded(entry: Pick<FunctionLogEntry, "type" | "error_code" | "started" | "completed">): void
  executor(event: ExecutorEvent): void
  text(): Promise<{ readonly contentType: string; readonly body: string }>
  close(): void
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const providers = new Set(["local-userpass", "anon-user", "api-key", "custom-token", "custom-function", "oauth2-google", "oauth2-apple", "oauth2-facebook"])
const loginRoute = `${clientPrefix}/app/:appId/auth/providers/:provider/login`
const sessionRoute = `${clientPrefix}/auth/session`
/** Reading the library takes as long as a tenth of a start, so it is read when the server has begun; what is counted before waits. */
const loadAfterMs = 500

/** Makes the numbers of a server; nothing is shared between two of them. */
export function createMetrics(): Metrics {
  const executors = new Set<number>()
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  let waiting: ((instruments: Instruments) => void)[] | undefined = []
  let loading: Promise<Instruments> | undefined
  let loaded: Instruments | undefined
  const load = (): Promise<Instruments> => (loading ??= makeInstruments(() => executors.size, delay).then((instruments) => {
    loaded = instruments
    for (const each of waiting ?? []) each(instruments)
    waiting = undefined
    return instruments
  }))
  const timer = setTimeout(() => void load().catch(() => (waiting = undefined)), loadAfterMs).unref()
  const count = (each: (instruments: Instruments) => void): void => {
    if (loaded !== undefined) each(loaded)
    else waiting?.push(each)
  }
  return {
    request: (route, method, status, duration, provider) => count(({ requests, logins, refreshes }) => {
      requests.observe({ route, method, status: String(status) }, duration)
      const outcome = status < 400 ? "ok" : status < 500 ? "refused" : "failed"
      if (method === "POST" && route === loginRoute) logins.inc({ provider: provider !== undefined && providers.has(provider) ? provider : "other", outcome })
      if (method === "POST" && route === sessionRoute) refreshes.inc({ outcome })
    }),
    functionEnded: ({ type, error_code: code, started, completed }) => count(({ calls }) => calls.observe({ type, outcome: code ?? "ok" }, (completed.getTime() - started.getTime()) / 1000)),
    executor: ({ kind, pid, because }) => {
      if (pid !== undefined && kind === "executor-started") executors.add(pid)
      if (kind !== "executor-ended") return
      if (pid !== undefined) executors.delete(pid)
      count(({ ends }) => ends.inc({ because: because ?? "unknown" }))
    },
    text: async () => {
      const { registry } = await load()
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
    close: () => {
      clearTimeout(timer)
      delay.disable()
    },
  }
}

type Instruments = Awaited<ReturnType<typeof makeInstruments>>

async function makeInstruments(executors: () => number, delay: ReturnType<typeof monitorEventLoopDelay>) {
  const { Counter, Gauge, Histogram, Registry: Numbers } = await import("prom-client")
  const registry: Registry = new Numbers()
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): void => void new Gauge({ name, help, registers, collect() { this.set(read()) } })
  gauge("backstitch_executors", "Executor processes that take calls", executors)
  gauge("backstitch_event_loop_delay_p99_seconds", "99th percentile of the delay of the event loop since the last scrape", () => {
    const p99 = delay.count === 0 ? 0 : delay.percentile(99) / 1e9
    delay.reset()
    return p99
  })
  gauge("process_resident_memory_bytes", "Resident memory of the server process, without its executors", () => process.memoryUsage.rss())
  gauge("process_start_time_seconds", "Start of the process", () => Math.round(Date.now() / 1000 - process.uptime()))
  void new Counter({
    name: "process_cpu_seconds_total", help: "Processor time of the server process, without its executors", registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  return {
    registry,
    requests: new Histogram({ name: "backstitch_http_request_seconds", help: "Requests by route and status, and how long they took", labelNames: ["route", "method", "status"], buckets: seconds, registers }),
    calls: new Histogram({ name: "backstitch_function_seconds", help: "Function calls by road and outcome (`ok` or an error code), and how long they took", labelNames: ["type", "outcome"], buckets: seconds, registers }),
    logins: new Counter({ name: "backstitch_logins_total", help: "Logins by provider and outcome", labelNames: ["provider", "outcome"], registers }),
    refreshes: new Counter({ name: "backstitch_token_refreshes_total", help: "Refreshed access tokens by outcome", labelNames: ["outcome"], registers }),
    ends: new Counter({ name: "backstitch_executor_ends_total", help: "Executor processes that ended, by reason", labelNames: ["because"], registers }),
  }
}

/**
 * Counts every request, and answers `/metrics`: to whoever shows the token, or without one to this machine alone.
 *
 * SECURITY: a proxy on this machine makes every caller look local, so what was forwarded, or comes from a page of a browser, is not;
 * neither is a request that came through no connection at all.
 */
export function addMetrics(http: FastifyInstance, metrics: Metrics, token: string | undefined): void {
  http.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url
    metrics.request(route ?? "none", route === undefined ? "any" : request.method, reply.statusCode, reply.elapsedTime / 1000, (request.params as { provider?: string } | undefined)?.provider)
    done()
  })
  http.get("/metrics", async (request, reply) => {
    if (!mayRead(request, token)) return sendError(reply, new RequestError("NotFound", "no such route"))
    const { contentType, body } = await metrics.text()
    return reply.header("content-type", contentType).header("cache-control", "no-store").send(body)
  })
}

function mayRead(request: FastifyRequest, token: string | undefined): boolean {
  if (token !== undefined) return isSameToken(bearerOf(request.headers.authorization) ?? "", token)
  const { headers, raw: { socket } } = request
  const isForwarded = Object.keys(headers).some((name) => name === "forwarded" || name === "via" || name === "origin" || name.startsWith("x-forwarded-") || name === "x-real-ip")
  return !isForwarded && socket instanceof Socket && /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? "")
}
