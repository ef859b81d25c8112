// {"expect": ["returned", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { (async () => { for (;;) await null; })(); return 1; }
