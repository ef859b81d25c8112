// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { let s = 'x'; const all = []; for (;;) { s += s; all.push(s.split('')); } }
