// `require("process")`: the shim every function sees.
module.exports = internals.realm.process
