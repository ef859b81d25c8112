// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => new Proxy({}, { get() { for (;;); }, ownKeys() { for (;;); } })
