// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory", "returned"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => String(7n ** 4000000n).length
