// {"expect": ["terminated:memory"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length); }
