// {"expect": ["returned"], "result": "[]"}
exports = () => {
  const found = []
  Error.prepareStackTrace = (error, sites) => sites
  Error.stackTraceLimit = 1000
  const look = (sites) => { for (const site of Array.isArray(sites) ? sites : []) { for (const name of ["getThis", "getFunction"]) { const it = site[name]?.(); if (it !== undefined && it !== globalThis && typeof it === "function" && /native code|send|sync/.test(String(it)) && !/^(function|async|\(|class)/.test(String(it))) found.push(String(it).slice(0, 40)) } } }
  look(new Error().stack)
  try { context.functions.execute("no such function") } catch (error) { look(error.stack) }
  try { require("no such module") } catch (error) { look(error.stack) }
  try { BSON.Binary.fromHex("xyz") } catch (error) { look(error.stack) }
  return found
}
