// `require("dns")`: names are resolved by the server, under its address policy, when a request is made.
const refuse = (name) => (...args) => {
  const error = Object.assign(new Error(`dns.${name} is not available in this server`), { code: "ENOTIMP" })
  const callback = args.at(-1)
  if (typeof callback !== "function") throw error
  internals.queueTask(callback, [error])
}
for (const name of ["lookup", "resolve", "resolve4", "resolve6", "resolveMx", "resolveTxt", "resolveCname", "resolveNs", "resolveSrv", "reverse"]) exports[name] = refuse(name)
exports.promises = Object.fromEntries(Object.keys(exports).map((name) => [name, async (...args) => exports[name](...args)]))
