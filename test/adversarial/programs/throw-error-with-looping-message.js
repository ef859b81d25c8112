// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { const e = new Error('x'); Object.defineProperty(e, 'message', { get() { for (;;); } }); throw e; }
