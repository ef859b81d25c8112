// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { let a = []; for (;;) a = [a, a.slice(), new Array(1000).fill(a)]; }
