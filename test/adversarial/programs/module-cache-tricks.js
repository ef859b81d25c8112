// {"expect": ["returned"], "result": "[]"}
exports = () => {
  const found = []
  const note = (name, value) => { if (value !== undefined && value !== null && value !== false) found.push(name) }
  note("cache", require.cache); note("main", require.main); note("extensions", require.extensions)
  const os = require("os"); os.hostname = () => "evil"; os.constructor.prototype.polluted = 1; delete Object.prototype.polluted
  for (const name of ["module", "vm", "child_process", "worker_threads", "inspector", "v8", "repl", "process.binding", "../os", "/etc/passwd", "file:///etc/passwd", "internal/bootstrap/loaders", "isolated-vm", "node:sqlite", "node:test", "constructor", "__proto__"]) { try { require(name); found.push(name) } catch (error) { if (error.code !== "MODULE_NOT_FOUND") found.push(`${name}: ${error.code}`) } }
  for (const name of ["binding", "_linkedBinding", "dlopen", "mainModule", "reallyExit", "kill", "getBuiltinModule"]) note(name, process[name])
  return found
}
