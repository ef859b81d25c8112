// {"expect": ["returned"], "args": [{"__proto__x": 1}]}
exports = (a) => [({}).evil === undefined, Object.keys(a), typeof a.__proto__]
