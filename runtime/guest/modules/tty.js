// `require("tty")`: there is no terminal.
exports.isatty = () => false
exports.ReadStream = class ReadStream {}
exports.WriteStream = class WriteStream {}
