// `require("https")`: as `http`, with the other scheme.
module.exports = require("http").make("https:")
