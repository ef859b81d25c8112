// {"expect": ["terminated:wall-time", "terminated:cpu-time", "threw"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { for (;;) utils.crypto.hash('sha256', 'x'.repeat(1e6)); }
