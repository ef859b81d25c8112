// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { for (let k = 0; ; k++) Symbol.for('symbol' + k); }
