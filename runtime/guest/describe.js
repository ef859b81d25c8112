// Texts for people: console lines and uncaught errors. Runs inside the isolate, in the time of the call.
const lineBytes = 512
const ringLines = 25
const messageLength = 4096

const isError = (value) => typeof value === "object" && value !== null && value instanceof NativeError

/** What a console method prints for one argument; never throws. */
const printed = (value) => {
  if (typeof value === "string") return value
  if (value === undefined) return "undefined"
  if (typeof value === "symbol" || typeof value === "bigint") return NativeString(value)
  try {
    if (typeof value === "function") return `[Function${value.name ? `: ${value.name}` : ""}]`
    if (isError(value)) return nameAndMessage(value)
    return write(value, newWriter({ relaxed: true, undefinedText: "null", forgiving: true, ancestors: [], limit: 65536 }), 0) ?? "undefined"
  } catch (error) {
    return error instanceof NativeRangeError ? "[Too large]" : "[Throws]"
  }
}

const nameAndMessage = (error) => {
  const name = readText(error, "name", "Error")
  const message = readText(error, "message", "")
  return message === "" ? name : name === "" ? message : `${name}: ${message}`
}

const readText = (value, key, otherwise) => {
  try {
    const text = value[key]
    return text === undefined ? otherwise : sliceText(typeof text === "string" ? text : NativeString(text), 0, messageLength)
  } catch {
    return otherwise
  }
}

/** The last lines; those since `unsent` were not told to the host yet. */
const ring = []
let unsent = 0
let told = 0

const addLine = (level, text) => {
  if (ring.length === ringLines) {
    for (let at = 1; at < ringLines; at++) ring[at - 1] = ring[at]
    ring.length = ringLines - 1
  }
  append(ring, `{"level":"${level}","text":${quote(cutToBytes(text, lineBytes))}}`)
  unsent++
  // Batches of five, so that a call that is stopped still shows its last words; ever larger ones, so that a flood stays cheap.
  if (unsent >= larger(5, told / 5)) tellLines()
}

const tellLines = () => {
  send(`{"kind":"log","lines":[${joinList(sliceList(ring, -smaller(unsent, ring.length)), ",")}]}`)
  told += unsent
  unsent = 0
}

const print = (level, values) => {
  let text = ""
  for (let at = 0; at < values.length; at++) {
    // A line is cut anyway; nothing is built that nobody will see.
    if (text.length > lineBytes) break
    text += at === 0 ? printed(values[at]) : ` ${printed(values[at])}`
  }
  addLine(level, text)
}

const newConsole = () => {
  const [log, info, debug, warn, error] = [
    (...values) => print("log", values), (...values) => print("info", values), (...values) => print("debug", values), (...values) => print("warn", values), (...values) => print("error", values),
  ]
  const assert = (condition, ...values) => {
    if (!condition) print("error", values.length === 0 ? ["Assertion failed"] : values)
  }
  // Without a prototype first: an object that gets its members as a table is made several times faster.
  const console = {
    __proto__: null, log, info, debug, warn, error, trace: debug, dir: log, table: log, dirxml: log, group: log, groupCollapsed: log, assert,
    groupEnd: nothing, time: nothing, timeEnd: nothing, timeLog: nothing, count: nothing, countReset: nothing, clear: nothing,
  }
  return setPrototypeOf(console, ObjectPrototype) && console
}

// SOURCE: two messages of the engine appear in the hosted service's wording, in the outgoing text only.
const oldWording = (name, message) => {
  const unknown = name === "ReferenceError" ? execPattern(/^(\S+) is not defined$/, message) : null
  if (unknown !== null) return `'${unknown[1]}' is not defined`
  const member = name === "TypeError" ? execPattern(/^Cannot read properties of (undefined|null) \(reading '([^']*)'\)$/, message) : null
  return member === null ? message : `Cannot access member '${member[2]}' of ${member[1]}`
}

/** Errors the host answered with; uncaught, they show the service's text without a name before it. */
const hostErrors = new NativeWeakMap()

/** What the caller is told of an uncaught value: `{ name, message, stack }` with a message ready to be sent. */
const describeThrown = (thrown, form) => {
  const stack = isError(thrown) ? readText(thrown, "stack", "") : ""
  if (typeof thrown === "string") return { name: "", message: sliceText(thrown, 0, messageLength), stack }
  if (isError(thrown)) {
    const name = readText(thrown, "name", "Error")
    const message = oldWording(name, readText(thrown, "message", ""))
    const whole = form === "json" ? `{"message":${quote(message)},"name":${quote(name)}}` : weakHas(hostErrors, thrown) || name === "" ? message : message === "" ? name : `${name}: ${message}`
    return { name, message: sliceText(whole, 0, messageLength), stack }
  }
  try {
    const text = typeof thrown === "object" && thrown !== null ? write(thrown, newWriter({ limit: 1024 * 1024 }), 0) : undefined
    return { name: "", message: sliceText(text ?? NativeString(thrown), 0, messageLength), stack }
  } catch {
    return { name: "", message: "an object that cannot be shown", stack }
  }
}
