// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const all = []; for (;;) all.push('x'.repeat(5e6).match(/x/g)); }
