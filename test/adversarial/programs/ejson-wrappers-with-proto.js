// {"expect": ["returned"], "result": "[true,true]"}
exports = () => { const value = EJSON.parse('{"__proto__":{"evil":1},"a":{"$oid":"0123456789abcdef01234567","x":1},"constructor":{"prototype":{"evil":1}}}'); return [value.evil === undefined && ({}).evil === undefined, Object.hasOwn(value, "__proto__")] }
