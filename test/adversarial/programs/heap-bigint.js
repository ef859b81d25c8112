// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 1500, "cpuMs": 1500, "memoryMb": 64}}
exports = () => { let b = 3n; for (;;) b = b * b; }
