// {"expect": ["terminated:wall-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => new Promise((r) => setTimeout(r, 60000))
