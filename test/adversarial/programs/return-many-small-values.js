// {"expect": ["returned", "threw", "terminated:memory"], "limits": {"wallMs": 10000}}
exports = () => Array.from({ length: 700000 }, () => ({ a: 1 }))
