// `require("http2")`: present so that packages load; every use says that it is not available.
for (const name of ["Http2ServerRequest", "Http2ServerResponse", "connect", "createSecureServer", "createServer", "getDefaultSettings"]) {
  exports[name] = function () {
    throw new Error(`http2.${name} is not available in this server`)
  }
}
exports.constants = {}
