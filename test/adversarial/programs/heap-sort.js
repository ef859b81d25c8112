// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => Array.from({ length: 3e7 }, (_, k) => -k).sort((x, y) => x - y).length
