// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const a = []; for (let k = 0; ; k++) a.push(('x' + k).repeat(2e7)); }
