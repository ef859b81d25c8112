// `require("timers")`.
for (const name of ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"]) exports[name] = internals.realm[name]
