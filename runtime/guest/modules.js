// `require`: own shims, then the table of packages the app was deployed with. A module runs once a call, on first use. Runs inside the isolate.
const shims = objectCreate(null)
for (const name of ["timers", "process", "os", "tty", "crypto", "http", "https", "http2", "dns", "net", "tls", "dgram", "fs", "constants"]) shims[name] = true
const loaded = objectCreate(null)

const notFound = (name) => {
  const error = new NativeError(`Cannot find module '${name}'`)
  error.code = "MODULE_NOT_FOUND"
  return error
}

const runModule = (key, wrapper, args) => {
  const module = { exports: {}, id: key, loaded: false, children: [], paths: [] }
  // Modules that require each other see what is there so far, as in Node.
  loaded[key] = module
  try {
    apply(wrapper, module.exports, [module.exports, requireModule, module, ...args])
  } catch (error) {
    delete loaded[key]
    throw error
  }
  module.loaded = true
  return module.exports
}

/** What shims may use of the prelude. SECURITY: it holds nothing that reaches beyond what `utils` and `context.http` give. */
const makeInternals = () => ({
  callHost, askWith, queryText, decode, utf8Bytes, utf8Text, base64Bytes, base64Text, hexText, randomBytes, randomUuidBytes, bytesOf, hide, startTimer, stopTimer, queueTask, Binary: binaryClass(), realm, UUID: uuidClass(),
})
let internals

const requireShim = (name) => {
  const key = `shim ${name}`
  if (loaded[key] !== undefined) return loaded[key].exports
  const text = askNow(`{"kind":"module","name":${quote(name)}}`)
  return runModule(key, evaluate(`(function (exports, require, module, internals) { ${text}\n})\n//# sourceURL=backstitch:${name}`), [(internals ??= makeInternals())])
}

const requireModule = (given) => {
  if (typeof given !== "string") throw new NativeTypeError('The "id" argument must be of type string')
  const name = startsWith(given, "node:") ? sliceText(given, 5) : given
  if (shims[name] !== undefined) return requireShim(name)
  if (loaded[name] !== undefined) return loaded[name].exports
  let wrapper
  try {
    wrapper = loadModule(name)
  } catch (error) {
    if (error instanceof NativeError && error.code === "FunctionSyntaxError") throw error
    throw notFound(given)
  }
  if (typeof wrapper !== "function") throw notFound(given)
  return runModule(name, wrapper, [])
}
