// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => Array.from({ length: 1e8 }).length
