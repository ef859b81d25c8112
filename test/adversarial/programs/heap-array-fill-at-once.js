// {"expect": ["terminated:memory", "threw", "returned"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => Array(6e7).fill().length
