// `backstitch serve <directory>`
import { checkAddress, createMailer, createServer, parseMetricsToken, parseOperatorToken, parseTrustedProxies, readSettings, type BackstitchServer, type DataLocation, type ServerSettings } from "../server/index.ts"
import { complain, fail, findingLine, print } from "./output.ts"
import { readSecrets } from "./secrets.ts"

export interface ServeOptions {
  readonly port: number
  readonly host: string
  readonly data?: string
  readonly mongodb?: string
  readonly publicUrl?: string
  readonly secrets?: string
  readonly mail?: string
  readonly mailFrom?: string
  readonly settings?: string
  readonly trustProxy?: string
  readonly metricsToken?: string
}

/** Serves a directory until SIGTERM or SIGINT. Resolves when requests are answered. */
export async function serve(directory: string, options: ServeOptions): Promise<{ readonly server: BackstitchServer; readonly url: string }> {
  await checkAddress(options)
  const secrets = (): ReturnType<typeof readSecrets> => readSecrets(options.secrets)
  const settings = await settingsOf(options)
  const server = await createServer({
    directory,
    data: locationOf(options, settings),
    secrets,
    settings,
    ...(options.mail === undefined ? {} : { mailer: createMailer({ mail: options.mail, ...mailDetails(options) }) }),
    ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
  })
  stopOnSignal(server)
  reloadOnSignal(server)
  for (const finding of server.findings) if (finding.severity === "warning") complain(findingLine(finding))
  const { url } = await server.listen({ port: options.port, host: options.host }).catch(async (error: unknown) => {
    await server.close()
    throw error
  })
  // INVARIANT: other programs wait for this line; it never changes.
  print(`serving ${server.clientAppId} at ${url}`)
  return { server, url }
}

/** The settings file, with what the command line says over it. */
async function settingsOf({ settings: file, trustProxy, metricsToken }: ServeOptions): Promise<ServerSettings> {
  const settings = file === undefined ? {} : await readSettings(file)
  // SECURITY: no option, so that it is in no list of processes.
  const operatorToken = process.env["BACKSTITCH_OPERATOR_TOKEN"]
  const http = {
    ...settings.http,
    ...(trustProxy === undefined ? {} : { trustedProxies: parseTrustedProxies(trustProxy) }),
    ...(metricsToken === undefined ? {} : { metricsToken: parseMetricsToken(metricsToken) }),
    ...(operatorToken === undefined ? {} : { operatorToken: parseOperatorToken(operatorToken, "`BACKSTITCH_OPERATOR_TOKEN`") }),
  }
  return { ...settings, http }
}

function locationOf({ data, mongodb }: ServeOptions, settings: ServerSettings): DataLocation {
  const uri = mongodb ?? (data === undefined ? settings.mongodb : undefined)
  return uri === undefined ? { file: data ?? "backstitch.sqlite" } : { mongodb: uri }
}

/** SECURITY: the password has no option, so that it is in no list of processes. */
function mailDetails({ mailFrom }: ServeOptions): { from?: string; password?: string } {
  const password = process.env["BACKSTITCH_MAIL_PASSWORD"]
  return { ...(mailFrom === undefined ? {} : { from: mailFrom }), ...(password === undefined ? {} : { password }) }
}

/** `SIGHUP` deploys the directory as it is now. What is wrong with it is said, and changes nothing. */
function reloadOnSignal(server: BackstitchServer): void {
  process.on("SIGHUP", () => {
    server.reload().then(({ outcome, findings }) => {
      for (const finding of findings) if (finding.severity !== "info") complain(findingLine(finding))
      complain(outcome === "reloaded" ? `reloaded ${server.clientAppId}` : `did not reload ${server.clientAppId}: nothing has changed`)
    }).catch(fail)
  })
}

function stopOnSignal(server: BackstitchServer): void {
  let stopping = false
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      server.close().then(() => process.exit(0), (error: unknown) => {
        fail(error)
        process.exit(1)
      })
    })
  }
}
