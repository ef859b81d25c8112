// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => 'x'.repeat(3e7).match(/x/g).length
