// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => ('x'.repeat(50000)).replace(/(x+x+)+y/, '')
