// `context` and the execution of functions. Runs inside the isolate.
let depth = 0
let executions = 0

/** The identity a function runs under: a token the host gave, and what `runningAsSystem` answers. */
const identityFor = (runAs, inherited) => {
  const { identities } = call.start
  switch (runAs.kind) {
    case "system": return { token: identities.system, system: true }
    case "user": return { token: hasOwn(identities.users, runAs.id) ? identities.users[runAs.id] : "", system: false }
    default: return inherited
  }
}

const scriptPrefix = "\0script:"
const functionNotFound = (name) => new NativeError(`function not found: '${name}'`)

const runAsOf = (name) => {
  const functions = call.functions()
  return hasOwn(functions, name) ? functions[name] : undefined
}

/** Runs a function in this realm, by reference. */
const execute = (name, args, caller) => {
  const known = NativeString(name)
  const runAs = startsWith(known, scriptPrefix) ? undefined : runAsOf(known)
  if (runAs === undefined) throw functionNotFound(known)
  if (runAs.kind !== "script") return runFunction(known, args, identityFor(runAs, caller))
  // The script may be async, so such a function always gives a promise.
  const identity = ask(`"kind":"script","name":${quote(known)}`, (value) => ({ token: value.identity, system: value.system === true }))
  return promiseThen(identity, (found) => runFunction(known, args, found))
}

const runFunction = (name, args, identity) => {
  if (depth >= limits.executeDepth) throw new NativeRangeError(`functions are nested too deeply: more than ${limits.executeDepth} levels`)
  if (++executions > limits.executions) throw new NativeRangeError(`functions are nested too deeply: more than ${limits.executions} executions in one request`)
  depth++
  try {
    const body = loadBody(name, identity)
    return apply(body, realm, args)
  } finally {
    depth--
  }
}

/** Runs the text of a file, which must leave a function. */
const loadBody = (name, identity) => {
  const wrapper = loadFunction(name)
  const body = apply(wrapper, realm, [{}, newContext(identity), requireModule, realm.console])
  if (typeof body === "function") return body
  const error = new NativeTypeError(`the file of function '${name}' does not assign a function to exports`)
  hide(error, "code", "FunctionInvalid")
  throw error
}

/** A property that is made when first read; ordinary and mutable afterwards. */
const part = (target, name, make) => {
  partial.get = () => {
    const value = make()
    reveal(target, name, value)
    return value
  }
  partial.set = (value) => reveal(target, name, value)
  defineProperty(target, name, partial)
}
const partial = { __proto__: null, get: undefined, set: undefined, enumerable: true, configurable: true }
const shown = { __proto__: null, value: undefined, writable: true, enumerable: true, configurable: true }
const reveal = (target, name, value) => {
  shown.value = value
  defineProperty(target, name, shown)
  shown.value = undefined
}

const newContext = (identity) => {
  const { start } = call
  const context = {
    functions: { execute: (name, ...args) => execute(name, args, identity) },
    services: { get: (name) => (isListed(start.services, name) ? new (clientClass())(identity, name) : isListed(start.httpServices, name) ? newHttp(`"service":${quote(name)},"identity":${quote(identity.token)},`) : undefined) },
    // Every reader has a copy of its own.
    values: { get: (name) => (hasOwn(start.values, name) ? decodeCopy(start.values[name]) : undefined) },
    runningAsSystem: () => identity.system,
  }
  for (const name of ["app", "environment", "request", "user"]) part(context, name, () => decodeCopy(start[name]))
  part(context, "http", newHttp)
  return context
}

const isListed = (list, name) => {
  for (let at = 0; at < list.length; at++) if (list[at] === name) return true
  return false
}
