// {"expect": ["terminated:memory"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length); }
