// `require("net")`: present so that packages load; every use says that it is not available.
for (const name of ["BlockList", "Server", "Socket", "SocketAddress", "Stream", "connect", "createConnection", "createServer"]) {
  exports[name] = function () {
    throw new Error(`net.${name} is not available in this server`)
  }
}
exports.isIP = (text) => (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? 4 : /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) ? 6 : 0)
exports.isIPv4 = (text) => exports.isIP(text) === 4
exports.isIPv6 = (text) => exports.isIP(text) === 6
