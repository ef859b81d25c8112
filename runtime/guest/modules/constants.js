// `require("constants")`.
module.exports = {}
