// {"expect": ["returned"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { Date.now = () => { for (;;); }; Math.random = () => NaN; return 1; }
