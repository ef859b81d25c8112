// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { let f = () => 1; const all = []; for (;;) { const g = f, pad = new Array(100).fill(0); f = () => g() + pad.length; all.push(f); } }
