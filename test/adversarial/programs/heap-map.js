// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { const m = new Map(); for (let k = 0; ; k++) m.set(k, k); }
