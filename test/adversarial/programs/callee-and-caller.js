// {"expect": ["returned"], "result": "[]"}
exports = function () {
  const found = []
  const look = (name, f) => { try { const value = f(); if (value !== null && value !== undefined) found.push(name) } catch {} }
  look("own caller", () => arguments.callee.caller); look("function caller", () => exports.caller)
  const hooked = { toBSON() { look("encoder", () => arguments.callee.caller); return 1 } }
  console.log(hooked); EJSON.stringify(hooked)
  new Promise((done) => { look("executor", () => arguments.callee.caller); done() })
  require("os"); [3, 1].sort(function () { look("sort", () => arguments.callee.caller.caller); return 0 })
  return found
}
