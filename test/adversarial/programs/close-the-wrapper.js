// {"expect": ["threw"], "code": "FunctionSyntaxError"}
return exports; })); globalThis.escaped = 1; ((function () {
exports = () => typeof escaped
