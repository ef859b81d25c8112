// The functions of one deployed app: who may call one and as whom, what it is told, what it may reach, what is logged.
import { bsonTypeOf, EjsonError, fromEjson, isDocument, parseEjson, systemClock, toEjson, type Binary, type Document, type Json, type Value } from "../../kernel/index.ts"
import { defaultLimits, scriptPrefix, type AppCode, type CallLimits, type GuestStart, type LogLine, type Outcome } from "../../runtime/index.ts"
import type { AppFunction } from "../app/index.ts"
import type { Caller } from "../data/index.ts"
import { RequestError } from "../errors.ts"
import { Admission, type AdmissionScope } from "./admission.ts"
import { bundleModules } from "./bundle.ts"
import { createCapabilities } from "./capabilities.ts"
import { appCode, codeName, reachOf, runAsOf } from "./code.ts"
import { outcomeError } from "./failures.ts"
import { createHttpClient } from "./http-client.ts"
import { createHttpServiceRules } from "./http-service-rules.ts"
import { createHttpTransport } from "./http-transport.ts"
import { Identities, noRequest, shownRequest, systemUser, type ScriptResult } from "./identities.ts"
import { toLogEntry } from "./log-entry.ts"
import { RawArguments } from "./raw-arguments.ts"
import type { CallOptions, EndpointResult, FunctionCaller, Functions, FunctionSettings, FunctionsOptions, Via } from "./ports.ts"
import { fixedStart, guestLimits, readNames } from "./start.ts"

const defaults: FunctionSettings = { limits: {}, functionLimits: {}, errorText: "plain", openHosts: [], httpResponseBytes: 16 * 1024 * 1024, packages: {} }

/**
 * Puts the app's functions into use. Rejects when the runtime cannot start.
 * `modules` is the table of packages; without it, it is made from the app's directory.
 */
export async function createFunctions(options: FunctionsOptions, modules?: AppCode["modules"]): Promise<Functions> {
  const { app, runtime, data, userLookup, clock = systemClock, log } = options
  const settings: FunctionSettings = { ...defaults, ...options.settings }
  const transport = options.httpTransport ?? createHttpTransport(settings.openHosts)
  const fixed = fixedStart(app, data.services, options.resolveValue, options.hostingUri ?? "", options.deployedAt ?? clock())
  const valuesForRules = Object.fromEntries(Object.entries(fixed.values).map(([name, json]) => [name, fromEjson(json)]))
  const admissions = new Map([...app.functions.values()].map((each) => [each.name, new Admission(each)]))
  const endpointRules = new Map(app.endpoints.flatMap(({ canEvaluate }) => (canEvaluate === undefined ? [] : [[canEvaluate, new Admission({ canEvaluate })] as const])))
  const reach = reachOf(app)
  const code = options.deployment === undefined ? codeName(app) : `${codeName(app)}:${options.deployment}`
  const bundled = modules === undefined ? await bundleModules(app, settings.packages) : { modules, problems: [] }
  const deployed = await runtime.deploy(code, appCode(app, bundled.modules))
  const problems = [...bundled.problems, ...deployed.problems.map(({ name, problem }) => ({ name, problem }))]

  const find = (name: string): AppFunction => {
    const each = app.functions.get(name)
    if (each === undefined) throw new RequestError("FunctionNotFound", `function not found: '${name}'`)
    return each
  }

  const scopeOf = (caller: FunctionCaller): Omit<AdmissionScope, "args"> => ({
    user: caller.kind === "user" ? caller.user : systemUser, request: caller.request ?? noRequest, values: valuesForRules, environment: { tag: app.environment.tag, values: app.environment.values },
    callFunction: (name, given) => runWithValues(name, given, caller, { via: "rule" }),
  })
  const services = createHttpServiceRules(app.httpServices, (caller) => scopeOf(asFunctionCaller(caller)))

  const admit = async (each: AppFunction, args: readonly Value[] | undefined, caller: FunctionCaller, admission: Admission | undefined): Promise<void> => {
    if (admission === undefined || admission.isOpen) return
    const admitted = await admission.admits({ ...scopeOf(caller), args })
    if (!admitted) throw new RequestError("FunctionExecutionError", `rule not matched for function "${each.name}"`)
  }

  const runScript = async (name: string, caller: FunctionCaller, call: CallOptions, note: (line: LogLine) => void): Promise<ScriptResult> => {
    const outcome = await perform(find(name), scriptPrefix + name, [], caller, call, note)
    for (const line of outcome.logs) note(line)
    if (outcome.kind !== "returned") throw outcomeError(outcome)
    const value = readResult(outcome.result)
    if (isDocument(value) && (value["runAsSystem"] === true || value["runAsSystemUser"] === true)) return { system: true }
    const userId = bsonTypeOf(value) === "ObjectId" ? String(value) : value
    if (typeof userId === "string" && userId !== "") return { system: false, userId }
    // SECURITY: never fall back to more rights.
    throw new RequestError("FunctionExecutionError", "the identity script gave no user id")
  }

  /** Runs a function or its identity script (`entry`) in the runtime. */
  const perform = async (each: AppFunction, entry: string, args: readonly Json[] | RawArguments, caller: FunctionCaller, call: CallOptions, note: (line: LogLine) => void): Promise<Outcome> => {
    const needs = reach(each.name)
    const isScript = entry !== each.name
    const scripts = isScript ? { ...needs.identities, scripts: [] } : needs.identities
    const identities = new Identities(caller, scripts, call.ruleDepth, (id) => userLookup(id, { customData: call.customData !== false }), (name) => runScript(name, caller, call, note))
    const limits: CallLimits = { ...defaultLimits, ...settings.limits, ...settings.functionLimits[each.name] }
    const shownUser = caller.kind === "user" ? caller.user : systemUser
    const start: GuestStart = {
      function: entry, args: args instanceof RawArguments ? [] : args, user: toEjson(shownUser), request: toEjson(shownRequest(caller)), ...fixed, identities: identities.guest, callerIsSystem: identities.caller.system,
      limits: guestLimits(limits), now: clock().getTime(), errorText: settings.errorText,
      entry: isScript ? { identity: identities.guest.caller, system: identities.caller.system } : await entryOf(each, identities, call.via),
      ...(needs.asksForNames ? { names: await readNames(data) } : {}),
      ...(call.response === true && !isScript ? { response: true } : {}),
    }
    const http = createHttpClient(transport, settings.httpResponseBytes)
    const user = caller.kind === "user" ? caller.user["id"] : undefined
    return runtime.call({ app: code, ...(typeof user === "string" ? { user } : {}), start, ...(args instanceof RawArguments ? { argsText: args.text } : {}), limits, capabilities: createCapabilities({ data, identities, http, services, warn: (text) => note({ level: "warn", text }) }) })
  }

  const run = async <Taken>(name: string, given: unknown, caller: FunctionCaller, call: CallOptions, take: (result: string) => Taken): Promise<Taken> => {
    const started = clock()
    const each = find(name)
    let args: readonly Json[] = Array.isArray(given) ? given : []
    /** What is not the function's own: lines of its identity script, warnings. */
    const notes: LogLine[] = []
    let outcome: Outcome | undefined
    let taken: Taken
    const record = (error: unknown): void => log?.(toLogEntry({ each, args: given instanceof RawArguments ? undefined : args, caller, options: call, started, completed: clock(), outcome, notes, error }))
    try {
      if (each.private && (call.via === "client")) throw new RequestError("NotCallable", `function '${name}' is private`)
      // Long arguments that no rule looks at are read by the guest alone, in the time of the call.
      const raw = given instanceof RawArguments && call.rule === undefined && admissions.get(each.name)?.isOpen !== false ? given : undefined
      if (given instanceof RawArguments && raw === undefined) args = given.parse()
      else if (given !== undefined && raw === undefined && !Array.isArray(given)) throw new RequestError("InvalidParameter", "arguments must be a list")
      const values = decodeArguments(args)
      // SOURCE: specification of functions, 1.2: what comes from outside is asked for `can_evaluate`; what HTTP brings is no list of arguments.
      if (call.via === "client" || call.via === "endpoint" || call.via === "webhook") await admit(each, call.response === true ? undefined : values, caller, admissions.get(each.name))
      if (call.rule !== undefined) await admit(each, undefined, caller, endpointRules.get(call.rule) ?? new Admission({ canEvaluate: call.rule }))
      outcome = await perform(each, name, raw ?? args, caller, call, (line) => notes.push(line))
      if (outcome.kind !== "returned") throw outcomeError(outcome)
      taken = take(outcome.result)
    } catch (error) {
      record(error)
      throw error
    }
    record(undefined)
    return taken
  }

  const runWithValues = async (name: string, args: readonly Value[], caller: FunctionCaller, call: CallOptions): Promise<Value> =>
    run(name, args.map((item) => toEjson(item)), caller, call, readResult)

  return {
    problems,
    close: () => runtime.remove(code),
    has: (name) => app.functions.has(name),
    run: (name, args, caller, call) => run(name, args, caller, call, (result) => result),
    runWithValues,
    runEndpoint: async (name, request, caller, call, answer) =>
      run(name, [toEjson(request)], caller, { ...call, response: true }, (result) => answer(readEndpointResult(readResult(result)))),
    // SOURCE: a rule's function runs as the user whose rule is evaluated, private or not, and is not asked for `can_evaluate`.
    call: (name, args, caller) =>
      runWithValues(name, args, asFunctionCaller(caller), { via: "rule", ruleDepth: (caller.ruleDepth ?? 0) + 1 }),
  }
}

function asFunctionCaller({ system, user, request }: Caller): FunctionCaller {
  return system ? { kind: "system", request } : { kind: "user", user, request }
}

const triggered: ReadonlySet<Via> = new Set(["database-trigger", "authentication-trigger", "scheduled-trigger"])

/** Under whose rights a function that is called from outside runs. */
async function entryOf(each: AppFunction, identities: Identities, via: Via): Promise<NonNullable<GuestStart["entry"]>> {
  // SOURCE: admin specification, 10: triggers run as the system user, whatever the function's own settings say.
  if (triggered.has(via)) return { identity: identities.guest.caller, system: identities.caller.system }
  const runAs = runAsOf(each)
  switch (runAs.kind) {
    case "system": return { identity: identities.guest.system, system: true }
    case "user": return { identity: await identities.userToken(runAs.id), system: false }
    case "script": return identities.fromScript(each.name)
    case "inherit": return { identity: identities.guest.caller, system: identities.caller.system }
  }
}

/** Refuses arguments that cannot be decoded; nothing runs then. */
function decodeArguments(args: readonly Json[]): Value[] {
  try {
    return args.map((item) => fromEjson(item))
  } catch (error) {
    if (error instanceof EjsonError) throw new RequestError("InvalidParameter", error.message, { cause: error })
    throw error
  }
}

/** SECURITY: the text comes from an executor. */
function readResult(text: string): Value {
  try {
    return parseEjson(text)
  } catch (error) {
    throw new RequestError("FunctionExecutionError", "the function gave no readable result", { cause: error })
  }
}

function readEndpointResult(whole: Value): EndpointResult {
  if (!isDocument(whole) || !isDocument(whole["response"])) throw new RequestError("FunctionExecutionError", "the function gave no result")
  const { touched, statusCode, headers, body }: Document = whole["response"]
  return {
    result: JSON.stringify(toEjson(Object.hasOwn(whole, "result") ? whole["result"] : undefined)),
    response: {
      touched: touched === true,
      statusCode: typeof statusCode === "number" && Number.isInteger(statusCode) && statusCode >= 100 && statusCode <= 599 ? statusCode : undefined,
      headers: Array.isArray(headers) ? (headers as readonly Value[]).flatMap((pair) => readHeader(pair)) : [],
      body: typeof body === "string" ? body : bsonTypeOf(body) === "Binary" ? (body as Binary).value() : undefined,
    },
  }
}

function readHeader(pair: Value): (readonly [string, readonly string[]])[] {
  if (!Array.isArray(pair)) return []
  const [name, values] = pair as readonly Value[]
  return typeof name === "string" && Array.isArray(values) ? [[name, (values as readonly Value[]).map(String)]] : []
}

