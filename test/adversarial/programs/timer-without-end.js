// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 600, "cpuMs": 600}}
exports = () => { for (;;) setTimeout(() => {}, 0); }
