// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { let a = [1]; for (;;) a = [...a, ...a, ...a]; }
