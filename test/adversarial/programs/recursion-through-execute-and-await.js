// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 5000, "cpuMs": 5000}}
exports = async () => { await null; return context.functions.execute('main'); }
