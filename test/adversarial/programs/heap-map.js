// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const m = new Map(); for (let k = 0; ; k++) m.set(k, k); }
