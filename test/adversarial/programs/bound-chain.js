// {"expect": ["threw", "returned", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 3000, "memoryMb": 96}}
exports = () => { let f = () => 1; for (let k = 0; k < 300000; k++) f = f.bind(null, k); return f() }
