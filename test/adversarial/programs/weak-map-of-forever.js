// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = () => { const w = new WeakMap(); const all = []; for (;;) { const k = {}; all.push(k); w.set(k, new Array(100).fill(k)); } }
