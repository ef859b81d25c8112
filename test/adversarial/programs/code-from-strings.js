// {"expect": ["returned"], "result": "[{\"$numberInt\":\"2\"},{\"$numberInt\":\"2\"},true,true]"}
exports = () => [eval('1 + 1'), new Function('return 2')(), (async () => {}).constructor('return 3') instanceof Function, setTimeout.constructor('return this')() === globalThis]
