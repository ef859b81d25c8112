// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { let s = 'x'; const all = []; for (;;) { s += s; all.push(s.split('')); } }
