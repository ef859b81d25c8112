// `require("dgram")`: present so that packages load; every use says that it is not available.
for (const name of ["Socket", "createSocket"]) {
  exports[name] = function () {
    throw new Error(`dgram.${name} is not available in this server`)
  }
}
