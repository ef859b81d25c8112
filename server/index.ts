// The public interface of the server: load an exported app directory, serve it, stop.
import { createServer as createSocket } from "node:net"
import { systemClock, type Clock } from "../kernel/index.ts"
import { createRuntime, type RuntimeOptions } from "../runtime/index.ts"
import { createAppLog, type AppLog } from "./app-log.ts"
import { checkApp, loadApp, sortFindings, type Finding, type LoadedApp } from "./app/index.ts"
import { ConfigError } from "./errors.ts"
import type { AppRegistry, createHttp, Metrics } from "./http/index.ts"
import type { DataLocation } from "./open-store.ts"
import type { ReloadOutcome } from "./reload.ts"
import type { RunningApp } from "./serve-app.ts"
import type { ServerSettings } from "./settings.ts"
import type { Mailer } from "./users/index.ts"

export { ConfigError, PermissionError, RequestError } from "./errors.ts"
export type { Finding } from "./app/index.ts"
export { copyData, directoryIndexes, dumpData, explainDirectory, importUsers, inspectDump, openOperator, openStore, restoreData } from "./on-demand.ts"
export type { Explained, ExplainOptions, Question } from "./explain.ts"
export { QuestionFault, questionOperations, readQuestion, readUser as readExplainUser } from "./explain-question.ts"
export type { DataLocation, OpenedStore } from "./open-store.ts"
export type { DumpSource, InspectedDump, Progress, RestoreOptions, Selection, TransferCounts, TransferErrorCode, TransferOptions, TransferStore, WantedIndex } from "./operations/index.ts"
export type { IndexOptions, IndexState } from "./directory-indexes.ts"
export { parseMetricsToken, parseOperatorToken, parseSettings, parseTrustedProxies, readSettings, type ServerSettings } from "./settings.ts"
export type { LiveLogin, OperateOptions, Operator, UserReport } from "./operate.ts"
export type { Claim, SnapshotDifference } from "./snapshot-difference.ts"
export type { DuplicateData } from "./custom-data-duplicates.ts"
export type { ImportOptions, ImportSummary, RefusedRow } from "./import-users.ts"
export { createMailer, type MailOptions } from "./mail/index.ts"
export type { ReloadOutcome } from "./reload.ts"
export type { Letter, Mailer } from "./users/index.ts"

export type Secrets = Readonly<Record<string, string>>

export interface ServerOptions {
  /** The exported app directory, of any of the four formats. */
  readonly directory: string
  readonly data: DataLocation
  /** Secret names and values, or how to read them again at each reload; `BACKSTITCH_SECRET_<NAME>` in the environment is asked next. */
  readonly secrets?: Secrets | (() => Promise<Secrets>)
  /** The address clients are told to use; without it the one they came to. */
  readonly publicUrl?: string
  readonly clock?: Clock
  readonly log?: AppLog
  /** Sends confirmation and reset letters. Without one such requests are refused, and `needs-email` is among the findings. */
  readonly mailer?: Mailer
  /** Limits, tokens, data sources and what else an operator may set; checked by `parseSettings`. */
  readonly settings?: ServerSettings
}

export interface BackstitchServer {
  readonly clientAppId: string
  /** Warnings and remarks of the load; errors would have stopped it. */
  readonly findings: readonly Finding[]
  /** Answers one request without a port. */
  fetch(request: Request): Promise<Response>
  /** Listens; resolves to the address. Rejects with `ConfigError` when the address cannot be used. */
  listen(options: { readonly port: number; readonly host?: string }): Promise<{ readonly url: string }>
  /**
   * Reads the directory again and serves what it holds now, here and, with a MongoDB, in every process whose directory holds the same. Requests, calls of
   * functions and triggers under way end on what they began with; watch streams end; sessions stay. With errors among the findings nothing changes.
   * Rejects with `ConfigError`, and changes nothing, when the app cannot be deployed.
   */
  reload(): Promise<ReloadOutcome>
  /** Takes no more requests, lets those under way end, closes the store. */
  close(): Promise<void>
}

/** What `backstitch check` prints. `app` is null when the directory is no app. */
export interface CheckResult {
  readonly app: { readonly clientAppId: string; readonly name: string; readonly version: number } | null
  readonly findings: readonly Finding[]
}

/** Loads a directory and says what is wrong with it. Never throws for what is in the files. */
export async function checkDirectory(directory: string, secrets: Readonly<Record<string, string>> = {}): Promise<CheckResult> {
  const loaded = await loadApp(directory, { strict: true, secrets: lookIn(secrets) })
  const { draft } = loaded
  return {
    app: draft === undefined ? null : { clientAppId: draft.clientAppId, name: draft.name, version: draft.version },
    findings: allFindings(loaded),
  }
}

function lookIn(secrets: Readonly<Record<string, string>>): (name: string) => string | undefined {
  return (name) => (Object.hasOwn(secrets, name) ? secrets[name] : undefined)
}

function allFindings(loaded: LoadedApp): readonly Finding[] {
  return sortFindings([...loaded.findings, ...checkApp(loaded)])
}

/**
 * Serves an exported app. Rejects with `ConfigError`, whose message is one line, when the directory, the store or the
 * address cannot be used; then nothing is created.
 */
export async function createServer(options: ServerOptions): Promise<BackstitchServer> {
  const { directory, data, secrets = {}, clock = systemClock, log = createAppLog(), mailer, settings = {} } = options
  let metrics: Metrics | undefined
  const runtime = createRuntime({ ...runtimeOptions(settings), log: (event) => {
    metrics?.executor(event)
    if (event.kind === "executors-held-back" || (event.kind === "executor-ended" && event.because !== "closing" && event.because !== "retired")) log.runtime(event.kind, event)
  } })
  const closing: (() => Promise<void> | void)[] = [() => runtime.close()]
  const release = async (): Promise<void> => {
    const failures: unknown[] = []
    for (const close of closing) await Promise.resolve().then(close).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    // An executor reads its modules while this process reads the rest of its own.
    runtime.prepare()
    const load = async (): Promise<{ loaded: LoadedApp; findings: readonly Finding[] }> => {
      const loaded = await loadApp(directory, { strict: true, secrets: lookIn(typeof secrets === "function" ? await secrets() : secrets) })
      return { loaded, findings: allFindings(loaded).filter(({ code }) => mailer === undefined || code !== "needs-email") }
    }
    const [{ createHttp, createMetrics }, { openStores }, { serveApp }, { createReloading }, { createDeployedVersions }, { loaded, findings }] = await Promise.all([
      import("./http/index.ts"), import("./open-store.ts"), import("./serve-app.ts"), import("./reload.ts"), import("./deployed-version.ts"), load(),
    ])
    const model = acceptedApp(loaded, findings)
    const opened = await openStores(data, model, settings)
    closing.push(opened.close)
    const counts = metrics = createMetrics()
    closing.push(counts.close)
    const counted: AppLog = { ...log, functions: (entry) => {
      counts.functionEnded(entry)
      log.functions(entry)
    } }
    const publicUrl = options.publicUrl ?? settings.http?.publicUrl
    const serving = serveApp({ model, secrets: loaded.secrets, opened, runtime, log: counted, clock, publicUrl, settings, ...(mailer === undefined ? {} : { mailer }) })
    // The routes are laid while an executor gets ready for the functions. Nothing asks them before the app is there.
    const [app, http] = await Promise.all([serving, createHttp({ apps: registryOf(serving), log: log.http, probe: opened.probe, metrics: counts, ...settings.http })])
    closing.unshift(async () => {
      app.stop()
      await app.close()
    })
    await app.start()
    const reloading = createReloading({ app, load, versions: createDeployedVersions({ collection: app.state("deployments"), clock }), alone: opened.embedded, log: log.deployment })
    await reloading.begin(loaded)
    return {
      clientAppId: model.clientAppId,
      findings,
      fetch: (request) => inject(http, request),
      listen: ({ port, host = "127.0.0.1" }) => listen(http, port, host),
      reload: () => reloading.reload(),
      async close() {
        await reloading.stop()
        app.stop()
        await closeHttp(http)
        await release()
      },
    }
  } catch (error) {
    await release().catch(() => undefined)
    throw error
  }
}

function runtimeOptions({ functions: { isolation, executors, limits } = {} }: ServerSettings): RuntimeOptions {
  return { ...(isolation === undefined ? {} : { isolation }), ...(executors === undefined ? {} : { executors }), ...(limits === undefined ? {} : { limits }) }
}

/** The one app of this server: none until it is ready. */
function registryOf(serving: Promise<RunningApp>): AppRegistry {
  let app: RunningApp | undefined
  serving.then((running) => { app = running }, () => undefined)
  return { byClientAppId: (id) => app?.registry.byClientAppId(id), byDomainId: (id) => app?.registry.byDomainId(id), all: () => app?.registry.all() ?? [] }
}

function acceptedApp(loaded: LoadedApp, findings: readonly Finding[]): NonNullable<LoadedApp["app"]> {
  const errors = findings.filter(({ severity }) => severity === "error")
  const first = errors[0]
  if (loaded.app !== undefined && first === undefined) return loaded.app
  if (first === undefined) throw new ConfigError("app-refused", "Cannot serve the app: it could not be read")
  const place = first.file === "" ? "" : `${first.file}${first.line === undefined ? "" : `:${first.line}`}${first.pointer === "" ? "" : `#${first.pointer}`}: `
  const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more; \`backstitch check\` lists them)`
  throw new ConfigError(first.code === "app-not-found" ? "app-not-found" : "app-refused", `${place}${first.message}${more}`)
}

// How long requests under way may take to end when the server stops.
const graceMs = 10_000

async function closeHttp(http: Http): Promise<void> {
  const cut = setTimeout(() => http.server.closeAllConnections(), graceMs)
  // A connection whose last request has been answered meanwhile is kept alive by nobody.
  const tidy = setInterval(() => http.server.closeIdleConnections(), 20)
  try {
    await http.close()
  } finally {
    clearTimeout(cut)
    clearInterval(tidy)
  }
}

type Http = Awaited<ReturnType<typeof createHttp>>

async function listen(http: Http, port: number, host: string): Promise<{ url: string }> {
  try {
    const url = await http.listen({ port, host })
    return { url }
  } catch (cause) {
    throw addressError(host, port, cause)
  }
}

/** Rejects with `ConfigError` when nobody can listen at an address now; made before anything is created. */
export async function checkAddress({ port, host }: { readonly port: number; readonly host: string }): Promise<void> {
  if (port === 0) return
  const socket = createSocket()
  await new Promise<void>((done, reject) => {
    socket.once("error", (cause) => reject(addressError(host, port, cause)))
    socket.listen({ port, host, exclusive: true }, () => socket.close(() => done()))
  })
}

function addressError(host: string, port: number, cause: unknown): ConfigError {
  const { code } = cause as { code?: string }
  const found = code === "EADDRINUSE" ? "the port is in use" : code === "EACCES" ? "this user may not use the port" : code === "EADDRNOTAVAIL" || code === "ENOTFOUND" ? "the address is not one of this machine" : `the system refused it (${code ?? "unknown"})`
  return new ConfigError("address-unusable", `Cannot listen on ${host}:${port}: ${found}`, { cause })
}

async function inject(http: Http, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
  const headers = Object.fromEntries(request.headers)
  const reply = await http.inject({ method: request.method as "GET", url: `${pathname}${search}`, headers, ...(body === undefined ? {} : { payload: body }) })
  const replyHeaders = new Headers()
  for (const [name, value] of Object.entries(reply.headers)) for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) replyHeaders.append(name, String(each))
  const isEmpty = reply.statusCode === 204 || reply.statusCode === 304 || reply.rawPayload.length === 0
  return new Response(isEmpty ? null : new Uint8Array(reply.rawPayload), { status: reply.statusCode, headers: replyHeaders })
}
