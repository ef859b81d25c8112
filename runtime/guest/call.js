// One call from its start to its end. Runs inside the isolate; the last part of the prelude.
//
// INVARIANT: nothing thrown leaves the guest raw. Results and thrown values become text here, in the time of the call.
let call
let ended = false
/** The end that waits for operations nobody awaited. */
let held
let turnAsked = false
/** Top-level arguments that came as a 64-bit integer or an integral double. */
let argumentKinds

const sendEnd = (text) => {
  if (ended) return
  ended = true
  flush()
  send(`{"kind":"end","end":{${text},"logs":[${unsent === 0 ? "" : joinList(sliceList(ring, -smaller(unsent, ring.length)), ",")}]}}`)
}

const fail = (thrown) => {
  if (ended) return
  let code = "FunctionExecutionError"
  const own = isError(thrown) ? readText(thrown, "code", "") : ""
  if (call.entering && (own === "FunctionInvalid" || own === "FunctionSyntaxError")) code = own
  const { name, message, stack } = describeThrown(thrown, code === "FunctionExecutionError" ? call.start.errorText : "plain")
  const shown = code === "FunctionSyntaxError" ? readText(thrown, "message", "") : message
  sendWhenQuiet(`"ok":false,"name":${quote(name)},"message":${quote(startsWith(shown, "SyntaxError") || code !== "FunctionSyntaxError" ? shown : `SyntaxError: ${shown}`)},"code":"${code}","stack":${quote(stack)}`)
}

/** Operations that were started and not awaited are finished first. */
const sendWhenQuiet = (text) => {
  if (outstanding === 0) sendEnd(text)
  else held ??= text
}

const checkQuiet = () => {
  if (held === undefined || ended || outstanding > 0 || turnAsked) return
  // What waits for the last answer runs after this turn's messages; a timer of no time brings the next turn.
  turnAsked = true
  const id = post('"kind":"timer","milliseconds":0')
  mapSet(waiting, id, {
    timer: () => {
      turnAsked = false
      if (outstanding === 0) sendEnd(held)
    },
  })
}

/** The `response` of an endpoint or webhook; what was done to it travels with the result. */
let reply
const newResponse = () => {
  reply = { touched: false, statusCode: null, headers: {}, body: null }
  const header = (name) => lowerCase(NativeString(name))
  const list = (value) => (isArray(value) ? value : [NativeString(value)])
  const touch = (change) => (...args) => {
    reply.touched = true
    change(...args)
  }
  return {
    setStatusCode: touch((code) => { reply.statusCode = +code }),
    setBody: touch((body) => { reply.body = body === undefined || body === null ? "" : typeof body === "string" || bytesOf(body) !== undefined ? body : EJSON.stringify(body) }),
    setHeader: touch((name, value) => hide(reply.headers, header(name), list(value))),
    addHeader: touch((name, value) => hide(reply.headers, header(name), [...(hasOwn(reply.headers, header(name)) ? reply.headers[header(name)] : []), ...list(value)])),
  }
}
const withReply = (value) => {
  const headers = []
  for (const name of ownNames(reply.headers)) append(headers, [name, reply.headers[name]])
  return { result: value, response: { ...reply, headers } }
}

const finish = (value, settled) => {
  if (ended) return
  const writer = newWriter({ limit: limits.resultBytes, pending: [], settled })
  let text
  try {
    let kind
    for (let at = 0; kind === undefined && at < argumentKinds.length; at++) if (sameValue(argumentKinds[at].value, value)) kind = argumentKinds[at].kind
    text = write(reply === undefined ? value : withReply(value), writer, 0, kind) ?? '{"$undefined":true}'
  } catch (error) {
    fail(new NativeError(`Cannot encode the result: ${isError(error) ? readText(error, "message", "") : "it throws"}`))
    return
  }
  if (writer.pending.length === 0) {
    if (utf8Length(text) > limits.resultBytes) fail(new NativeError("Cannot encode the result: the value is too large"))
    else sendWhenQuiet(`"ok":true,"result":${quote(text)}`)
    return
  }
  // Promises and cursors at any depth are awaited, then the whole is written again.
  promiseThen(settleAll(writer.pending, settled ?? new NativeMap()), (known) => finish(value, known), fail)
}

const settleAll = async (pending, settled) => {
  for (let at = 0; at < pending.length; at++) {
    const each = pending[at]
    if (!isCursor(each)) promiseThen(new NativePromise((resolve) => resolve(each)), nothing, nothing)
  }
  for (let at = 0; at < pending.length; at++) {
    const each = pending[at]
    if (!mapHas(settled, each)) mapSet(settled, each, isCursor(each) ? await each.toArray() : await each)
  }
  return settled
}

/** Arguments that came unread and are not what they should be; nothing of the app has run. */
const refuseArguments = (message) => sendEnd(`"ok":false,"name":"Error","message":${quote(sliceText(message, 0, messageLength))},"code":"InvalidParameter","stack":""`)

const begin = ({ start, functions }) => {
  call = { start, functions: once(() => parseJson(functions)), entering: true }
  limits = start.limits
  try {
    const args = start.args
    try {
      for (let at = 0; at < args.length; at++) args[at] = decodeMember(args[at], args, at, 0)
    } catch (error) {
      refuseArguments(readText(error, "message", ""))
      return
    }
    if (start.response === true) args[1] = newResponse()
    argumentKinds = []
    const memory = weakGet(kindMemory, args)
    if (memory !== undefined) for (const key of objectKeys(memory)) append(argumentKinds, memory[key])
    const caller = { token: start.identities.caller, system: start.callerIsSystem }
    const identity = start.entry !== undefined ? { token: start.entry.identity, system: start.entry.system } : identityFor(runAsOf(start.function) ?? { kind: "inherit" }, caller)
    depth++
    let result
    try {
      const body = loadBody(start.function, identity)
      call.entering = false
      result = apply(body, realm, args)
    } finally {
      depth--
    }
    if (isPending(result)) promiseThen(new NativePromise((resolve) => resolve(result)), (value) => finish(value), fail)
    else finish(result)
  } catch (error) {
    fail(error)
  }
}

const isPending = (value) => typeof value === "object" && value !== null && !isCursor(value) && typeof value.then === "function"

installGlobals()

const dispatch = (text) => {
  let message
  try {
    message = parseJson(text)
  } catch {
    refuseArguments("arguments are not valid JSON")
    return
  }
  if (message.kind === "start") begin(message)
  else if (message.kind === "done") {
    receiveAnswers(message.answers)
    checkQuiet()
  }
}
