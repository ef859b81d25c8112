// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => Array.from({ length: 1e8 }).length
