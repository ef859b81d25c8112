// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const w = new WeakMap(); const all = []; for (;;) { const k = {}; all.push(k); w.set(k, new Array(100).fill(k)); } }
