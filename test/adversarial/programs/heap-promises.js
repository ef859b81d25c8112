// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 5000, "cpuMs": 5000, "memoryMb": 64}}
exports = async () => { const all = []; for (;;) all.push(new Promise(() => {}).then(() => all)); }
