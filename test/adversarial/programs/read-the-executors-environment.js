// {"expect": ["returned"], "result": "[[],true,true,\"undefined\",\"undefined\",\"undefined\",\"undefined\"]"}
exports = () => [Object.keys(process.env), process.env.PATH === undefined, process.argv === undefined || process.argv.length < 3, typeof process.kill, typeof process.exit, typeof process.binding, typeof process.dlopen]
