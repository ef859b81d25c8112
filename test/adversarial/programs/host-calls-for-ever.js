// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = async () => { const c = context.services.get('mongodb-atlas').db('a').collection('b'); for (;;) await c.count(); }
