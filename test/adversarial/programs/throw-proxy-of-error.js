// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { throw new Proxy(new Error('x'), { get() { for (;;); }, getPrototypeOf() { for (;;); } }); }
