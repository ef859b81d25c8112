// Names every function finds: those of the documentation, and those packages expect. Heavy ones are made when first read. Runs inside the isolate.
const lazily = (target, name, make) => {
  lazy.get = () => {
    const value = make()
    hide(target, name, value)
    return value
  }
  lazy.set = (value) => hide(target, name, value)
  defineProperty(target, name, lazy)
}
const lazy = { __proto__: null, get: undefined, set: undefined, enumerable: false, configurable: true }

const windowsText = (value) => {
  const text = NativeString(value)
  if (testPattern(/[^\0-\xff]/, text)) throw new NativeError("InvalidCharacterError: the text holds characters beyond Latin-1")
  const bytes = new NativeBytes(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = charCodeAt(text, index)
  return base64Text(bytes)
}

const fromWindowsText = (value) => {
  const bytes = base64Bytes(NativeString(value).replace(/[\t\n\f\r ]/g, ""))
  if (bytes === undefined) throw new NativeError("InvalidCharacterError: not base64 text")
  let text = ""
  for (let index = 0; index < bytes.length; index++) text += fromCharCode(bytes[index])
  return text
}

const newProcess = () => {
  const begun = currentTime()
  const hrtime = (since) => {
    const elapsed = currentTime() - begun
    const [seconds, nanoseconds] = [floor(elapsed / 1000), (elapsed % 1000) * 1e6]
    if (since === undefined) return [seconds, nanoseconds]
    return nanoseconds < since[1] ? [seconds - since[0] - 1, nanoseconds - since[1] + 1e9] : [seconds - since[0], nanoseconds - since[1]]
  }
  hrtime.bigint = () => NativeBigInt(currentTime() - begun) * 1000000n
  const process = {
    env: {}, stdin: { fd: 0, isTTY: false }, stdout: { fd: 1, isTTY: false, write: () => true }, stderr: { fd: 2, isTTY: false, write: () => true }, argv: [], execArgv: [], version: "v10.18.1", versions: { node: "10.18.1" }, platform: "linux", arch: "x64", pid: 1, title: "node", browser: false,
    hrtime, nextTick: (callback, ...args) => queueTask(callback, args), cwd: () => "/", uptime: () => (currentTime() - begun) / 1000,
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0 }), emitWarning() {}, on() { return this }, once() { return this }, off() { return this },
    removeListener() { return this }, emit() { return false }, listeners() { return [] },
  }
  // Packages tell Node by this.
  hide(process, toStringTag, "process")
  return process
}

const queueTask = (callback, args) => {
  if (typeof callback !== "function") throw new NativeTypeError('The "callback" argument must be of type function')
  promiseThen(atOnce, () => {
    try {
      apply(callback, realm, args)
    } catch (error) {
      fail(error)
    }
  })
}

const installGlobals = () => {
  hide(realm, "EJSON", EJSON)
  hide(realm, "global", realm)
  hide(realm, "console", newConsole())
  hide(realm, "setTimeout", (callback, delay, ...args) => startTimer(callback, delay, args, false))
  hide(realm, "setInterval", (callback, delay, ...args) => startTimer(callback, delay, args, true))
  hide(realm, "setImmediate", (callback, ...args) => startTimer(callback, 0, args, false))
  for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) hide(realm, name, stopTimer)
  hide(realm, "queueMicrotask", (callback) => queueTask(callback, []))
  hide(realm, "atob", fromWindowsText)
  hide(realm, "btoa", windowsText)
  hide(realm, "require", requireModule)
  lazily(realm, "BSON", getBson)
  lazily(realm, "utils", newUtils)
  lazily(realm, "process", newProcess)
  lazily(realm, "Buffer", () => requireModule("buffer").Buffer)
  for (const name of ["TextEncoder", "TextDecoder"]) lazily(realm, name, () => requireShim("encoding")[name])
  for (const name of ["URL", "URLSearchParams", "structuredClone", "AbortController", "AbortSignal", "Event", "EventTarget", "DOMException", "crypto"]) {
    lazily(realm, name, () => requireShim("web")[name])
  }
}
