// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => Array.from({ length: 3e7 }, (_, k) => -k).sort((x, y) => x - y).length
