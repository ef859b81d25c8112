// {"expect": ["returned", "threw", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { const f = () => { try { f(); } catch { f(); } }; f(); return 1; }
