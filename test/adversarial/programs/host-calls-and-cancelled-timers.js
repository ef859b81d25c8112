// {"expect": ["terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 600, "cpuMs": 600}}
exports = async () => { for (;;) { clearTimeout(setTimeout(() => {}, 1000)); await null; } }
