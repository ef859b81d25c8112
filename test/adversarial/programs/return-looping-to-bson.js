// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory", "returned"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => ({ toBSON() { for (;;); } })
