// {"expect": ["terminated:cpu-time"], "limits": {"wallMs": 20000, "cpuMs": 300}}
exports = () => { for (;;); }
