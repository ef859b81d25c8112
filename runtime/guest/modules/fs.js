// `require("fs")`: no file is there.
const missing = (call) => (path) => {
  const error = new Error(`ENOENT: no such file or directory, ${call} '${path}'`)
  throw Object.assign(error, { code: "ENOENT", errno: -2, syscall: call, path })
}
const later = (call) => (path, ...rest) => {
  const callback = rest.at(-1)
  internals.queueTask(() => {
    try {
      missing(call)(path)
    } catch (error) {
      callback(error)
    }
  }, [])
}
exports.constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 }
for (const [name, call] of [["access", "access"], ["lstat", "lstat"], ["stat", "stat"], ["readFile", "open"], ["readdir", "scandir"]]) {
  exports[`${name}Sync`] = missing(call)
  exports[name] = later(call)
}
exports.existsSync = () => false
exports.createReadStream = missing("open")
exports.createWriteStream = missing("open")
// Packages ask whether something is one of these.
exports.ReadStream = class ReadStream {}
exports.WriteStream = class WriteStream {}
exports.Stats = class Stats {}
exports.promises = {}
for (const [name, call] of [["access", "access"], ["lstat", "lstat"], ["stat", "stat"], ["readFile", "open"], ["readdir", "scandir"], ["open", "open"], ["writeFile", "open"], ["mkdir", "mkdir"], ["unlink", "unlink"]]) {
  exports.promises[name] = async (path) => missing(call)(path)
}
