// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => JSON.parse('[' + '[1],'.repeat(2e7) + '1]').length
