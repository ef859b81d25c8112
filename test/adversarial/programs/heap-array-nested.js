// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { let a = []; for (;;) a = [a, a.slice(), new Array(1000).fill(a)]; }
