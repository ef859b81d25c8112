// {"expect": ["terminated:memory", "threw", "returned"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => Array(6e7).fill().length
