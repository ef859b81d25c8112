// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = async () => { const all = []; for (;;) all.push(new Promise(() => {}).then(() => all)); }
