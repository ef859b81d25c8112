// `require("tls")`: present so that packages load; every use says that it is not available.
for (const name of ["SecureContext", "Server", "TLSSocket", "checkServerIdentity", "connect", "createSecureContext", "createServer", "getCiphers"]) {
  exports[name] = function () {
    throw new Error(`tls.${name} is not available in this server`)
  }
}
exports.rootCertificates = []
