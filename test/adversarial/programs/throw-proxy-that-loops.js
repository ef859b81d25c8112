// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { throw new Proxy({}, { get() { for (;;); }, has() { for (;;); }, ownKeys() { for (;;); }, getPrototypeOf() { for (;;); }, getOwnPropertyDescriptor() { for (;;); } }); }
