// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { const s = new Set(); for (let k = 0; ; k++) s.add(k); }
