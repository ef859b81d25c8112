// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { const g = (function* () { for (;;) yield 1 })(); for (const x of g); }
