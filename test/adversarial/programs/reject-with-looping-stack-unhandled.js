// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory", "returned"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;); } }); Promise.reject(e); return 1; }
