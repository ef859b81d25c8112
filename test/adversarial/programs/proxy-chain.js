// {"expect": ["threw", "returned", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 3000, "memoryMb": 96}}
exports = () => { let p = {}; for (let k = 0; k < 200000; k++) p = new Proxy(p, {}); return p.x }
