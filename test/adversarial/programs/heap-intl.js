// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const a = []; for (let k = 0; ; k++) a.push(new Intl.DateTimeFormat('en', { timeZone: 'UTC', year: 'numeric' })); }
