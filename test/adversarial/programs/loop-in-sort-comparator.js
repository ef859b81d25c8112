// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => [3, 2, 1].sort(() => { for (;;); })
