// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const a = []; for (;;) a.push(Array(1e7).fill(1.5)); }
