// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { setInterval(() => {}, 1); return new Promise(() => {}); }
