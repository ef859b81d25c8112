// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => JSON.parse('[' + '[1],'.repeat(2e7) + '1]').length
