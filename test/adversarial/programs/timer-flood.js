// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { const f = () => { setTimeout(f, 0); setTimeout(f, 0); }; f(); return new Promise(() => {}); }
