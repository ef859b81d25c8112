// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const o = {}; for (let k = 0; ; k++) o['key' + k] = k; }
