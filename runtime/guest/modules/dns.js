// `require("dns")`: names are resolved by the server, under its address policy, when a request is made.
const refuse = (name) => (...args) => {
  const error = Object.assign(new Error(`dns.${name} is not available in this server`), { code: "ENOTIMP" })
  const callback = args.at(-1)
  if (typeof callback !== "function") throw error
  internals.queueTask(callback, [error])
}
for (const name of ["lookup", "resolve", "resolve4", "resolve6", "resolveMx", "resolveTxt", "resolveCname", "resolveNs", "resolveSrv", "reverse"]) exports[name] = refuse(name)
const names = Object.keys(exports)
exports.Resolver = class Resolver {
  setServers() {}
  getServers() { return [] }
  cancel() {}
}
exports.promises = { Resolver: class Resolver extends exports.Resolver {} }
for (const name of names) {
  exports.promises[name] = async (...args) => exports[name](...args)
  exports.Resolver.prototype[name] = exports[name]
  exports.promises.Resolver.prototype[name] = exports.promises[name]
}
exports.getServers = () => []
exports.setServers = () => {}
for (const name of ["ADDRCONFIG", "V4MAPPED", "ALL"]) exports[name] = 0
for (const name of ["NODATA", "NOTFOUND", "SERVFAIL", "REFUSED", "TIMEOUT", "CANCELLED"]) exports[name] = `E${name}`
