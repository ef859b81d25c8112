// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { for (let k = 0; ; k++) Symbol.for('symbol' + k); }
