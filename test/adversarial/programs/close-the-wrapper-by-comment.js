// {"expect": ["threw"], "code": "FunctionSyntaxError"}
exports = () => typeof __load /*
