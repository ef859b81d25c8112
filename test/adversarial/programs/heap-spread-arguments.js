// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => Math.max(...Array(5e7).fill(1))
