// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 700}}
exports = () => { throw { [Symbol.toPrimitive]() { for (;;); }, toString() { for (;;); }, get code() { for (;;); } } }
