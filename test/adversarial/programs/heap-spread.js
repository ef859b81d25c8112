// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { let a = [1]; for (;;) a = [...a, ...a, ...a]; }
